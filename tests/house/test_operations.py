"""Every table of our staff: its list, a search in it, one row and its history, outside and inside of an MSP."""

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse

from elinkages.kernel import tenancy
from elinkages.kernel.tenancy import TenantModel
from tests import builders
from tests.world import World

pytestmark = pytest.mark.django_db

PAGES = ("change", "history")


def test_every_table_opens_its_list_its_search_and_a_row(cast: World) -> None:
    staff = builders.a_browser(builders.a_user("Olga Ops", is_staff=True))
    visit = {"msp": str(cast.acme.msp.pk), "reason": "Ticket 4711: something is missing", "minutes": "15"}
    assert staff.post("/ops/enter/", visit).status_code == 302
    opened: set[type[Model]] = set()
    empty: set[type[Model]] = set()
    for model, table in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        addresses = [reverse(f"admin:{name}_changelist")]
        if table.search_fields:
            addresses.append(f"{addresses[0]}?q=4711")
        with tenancy.use(cast.acme.msp.pk):
            row = model._default_manager.first()
        addresses += [reverse(f"admin:{name}_{page}", args=[row.pk]) for page in PAGES] if row else []
        for address in addresses:
            answer = staff.get(address)
            assert answer.status_code == 200, f"{address} gave {answer.status_code}"
        (opened if row else empty).add(model)
    assert any(issubclass(model, TenantModel) for model in opened)
    assert len(opened) > len(empty), f"No row of {empty}"
