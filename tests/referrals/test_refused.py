"""What the pages never send and the verbs refuse all the same: forms are left behind by what others do meanwhile."""

from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from elinkages.kernel import tenancy
from elinkages.lists.scope import Scope
from referrals import clients, contracts, decisions, pipeline, registration, retraction, service_lines
from referrals.listings import actions
from referrals.models import Client, Contract, Finding, Referral
from tests import builders
from tests.referrals.conftest import House, path, sent, text_of

pytestmark = pytest.mark.django_db


def test_a_match_is_decided_one_way_or_the_other_in_a_short_note(inside: House) -> None:
    by: dict[str, Any] = {"by": inside.owner, "at": timezone.now()}
    with pytest.raises(decisions.NoSuchDecision, match="the same company or a different one"):
        decisions.decide(Finding(), state="maybe", **by)
    with pytest.raises(decisions.NoSuchDecision, match="under 300 characters; this one has 301"):
        decisions.decide(Finding(), state="same", note="x" * 301, **by)


def test_a_next_action_is_a_line(inside: House) -> None:
    with pytest.raises(pipeline.ActionRefused, match="under 200 characters; this one has 201"):
        pipeline.assign(
            sent(inside), owner=None, next_action="x" * 201, next_action_on=None, by=inside.owner, at=timezone.now()
        )


def test_an_introduction_comes_in_a_way_that_there_is(inside: House) -> None:
    with pytest.raises(registration.FactsRefused, match="“fax” is not a way"):
        registration.submit(inside.harbor, company="Alder", channel="fax", by=inside.owner, at=timezone.now())


def test_an_introduction_whose_client_has_service_is_not_taken_back(inside: House) -> None:
    builders.a_deal(inside.harbor)
    with pytest.raises(retraction.StillInUse, match="is a client because of it"):
        retraction.retract(Referral.objects.get(), reason="A slip", by=inside.owner, at=timezone.now())


def test_the_last_service_line_stays_and_two_are_not_called_the_same(inside: House) -> None:
    by: dict[str, Any] = {"by": inside.owner, "at": timezone.now()}
    managed = service_lines.add("Managed services", **by)
    with pytest.raises(service_lines.LastLine, match="the only one left"):
        service_lines.archive(managed, **by)
    backup = service_lines.add("Backup", **by)
    with pytest.raises(service_lines.NameTaken, match="There is a service line named Managed services"):
        service_lines.rename(backup, name="Managed services", **by)


def test_service_does_not_go_on_for_a_client_who_left(inside: House) -> None:
    builders.a_deal(inside.harbor)
    by: dict[str, Any] = {"by": inside.owner, "at": timezone.now()}
    clients.leave(Client.objects.get(), on=date(2026, 3, 1), reason="Sold", **by)
    with pytest.raises(contracts.ClientLeft, match=r"has left\. Record that they came back first"):
        contracts.reinstate(Contract.objects.get(), reason="A slip", **by)


def test_what_is_closed_has_no_protection_to_extend(house: House, browser: Browser, referral: Referral) -> None:
    with tenancy.use(house.msp.pk):
        pipeline.lose(referral, reason="price", by=house.owner, at=timezone.now())
    answer = browser.get(path(house, f"{referral.pk}/protection/"))
    assert answer.status_code == 409
    assert "There is no protection of" in text_of(answer)


@pytest.mark.parametrize(
    ("action", "why"),
    [(actions.Assign(), "has a different owner by now"), (actions.Plan(), "has a different next action")],
)
def test_what_was_changed_since_is_not_undone(inside: House, action: Any, why: str) -> None:
    scope = Scope(inside.msp, inside.owner, timezone.now())
    with pytest.raises(pipeline.StageChanged, match=why):
        action.undo(sent(inside), {"now": "something"}, by=inside.owner, scope=scope)
