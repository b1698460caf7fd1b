"""The owner writes, publishes and supersedes agreements."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from partners import agreements
from partners.models import (
    AgreementDraft,
    AgreementVersion,
    PartnerLogin,
    Signature,
    SignedCopy,
    SourceKind,
)
from tests import builders
from tests.partners.agreements.signing import AT, TEXT, TODAY, publish, sign
from tests.reading import read

pytestmark = pytest.mark.django_db


def test_the_owner_writes_looks_and_publishes(msp: Msp, ana: Membership, dashboard: Client, dana: PartnerLogin) -> None:
    home = f"/{msp.slug}/partners/agreement/"
    assert "No agreement yet" in read(dashboard, home)
    form = {"title": "Partner agreement", "text": TEXT, "is_required": "on", "grace_days": "10"}
    looked = dashboard.post(f"{home}drafts/new/", form | {"do": "preview"}).content.decode()
    assert "&lt;what&gt;" in looked
    with tenancy.use(msp.pk):
        assert not AgreementDraft.objects.exists()
    assert dashboard.post(f"{home}drafts/new/", form)["Location"] == home
    assert dashboard.post(f"{home}drafts/new/", form | {"grace_days": "999"}).status_code == 302, "goes to the draft"
    with tenancy.use(msp.pk):
        draft = AgreementDraft.objects.get()
    assert dashboard.post(f"{home}drafts/{draft.pk}/", form | {"grace_days": "999"}).status_code == 422
    assert "1 active partner gets an e-mail" in " ".join(
        read(dashboard, f"{home}drafts/{draft.pk}/publication/").split()
    )
    with time_machine.travel(AT):
        answer = dashboard.post(f"{home}drafts/{draft.pk}/publication/")
    with tenancy.use(msp.pk):
        version = AgreementVersion.objects.get()
        assert (version.number, version.sign_by, version.kind) == (1, TODAY + timedelta(days=10), "")
        assert version.text_sha256 == agreements.text_sha256("Partner agreement", TEXT)
        assert not AgreementDraft.objects.exists()
        assert [event.action for event in trail.history(version)] == ["agreement.published"]
    assert answer["Location"] == f"{home}versions/{version.pk}/"
    assert "Finch CPAs" in read(dashboard, f"{home}versions/{version.pk}/")
    assert "Nobody has signed it" in read(dashboard, f"{home}versions/{version.pk}/?show=signed")


def test_only_the_owner_writes_agreements(msp: Msp) -> None:
    manager = builders.a_browser(builders.a_member(msp, Role.MANAGER, "Mara Manager").user)
    assert manager.get(f"/{msp.slug}/partners/agreement/drafts/new/").status_code == 403
    assert manager.get(f"/{msp.slug}/partners/agreement/").status_code == 200


def test_a_draft_that_cannot_be_published_is_refused(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        for changes, why in (
            ({"title": " "}, "title and a text"),
            ({"text": ""}, "title and a text"),
            ({"text": "x" * 60_001}, "under 60,000"),
            ({"grace_days": 181}, "0 to 180 days"),
        ):
            with pytest.raises(agreements.Unfinished, match=why):
                publish(ana, **changes)
        publish(ana)
        with pytest.raises(agreements.NothingNew, match="identical to version 1"):
            publish(ana)
        draft = AgreementDraft.objects.get()
        agreements.discard(draft)
        with pytest.raises(agreements.NothingNew, match="a moment ago"):
            agreements.publish(draft, by=ana, at=AT)


def test_a_draft_is_thrown_away(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        wanted: dict[str, Any] = {"title": "T", "text": "x", "is_required": True, "grace_days": 1}
        draft = agreements.draft(kind="", **wanted, by=ana, at=AT)
    dashboard.post(f"/{msp.slug}/partners/agreement/drafts/{draft.pk}/discarding/")
    with tenancy.use(msp.pk):
        assert not AgreementDraft.objects.exists()


def test_a_new_version_supersedes_and_a_withdrawn_one_is_not_asked_for(
    msp: Msp, ana: Membership, dashboard: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        first = publish(ana)
        second = publish(ana, text="Other words.")
        first.refresh_from_db()
        assert (first.ended_at, second.number) == (AT, 2)
        assert agreements.applicable("vendor") == second
        vendors = publish(ana, kind="vendor", text="For vendors.")
        assert agreements.applicable("vendor") == vendors
        assert agreements.applicable(SourceKind.CENTRE) == second
    dashboard.post(f"/{msp.slug}/partners/agreement/versions/{vendors.pk}/withdrawal/")
    with tenancy.use(msp.pk):
        assert agreements.applicable("vendor") == second
        with pytest.raises(agreements.NotInForce):
            agreements.withdraw(vendors, by=ana, at=AT)
        with pytest.raises(agreements.NotInForce):
            sign(first, dana.contact)
    assert "Other words" in read(dashboard, f"/{msp.slug}/partners/agreement/drafts/new/")


def test_the_database_keeps_what_was_published_and_signed(msp: Msp, ana: Membership, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        version = publish(ana)
        signature = sign(version, dana.contact)
        for row, change in (
            (AgreementVersion.objects.filter(pk=version.pk), {"text": "Other"}),
            (AgreementVersion.objects.filter(pk=version.pk), {"sign_by": TODAY}),
            (Signature.objects.filter(pk=signature.pk), {"signer_name": "Someone"}),
            (SignedCopy.objects.all(), {"content": b""}),
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                row.update(**change)
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                row._raw_delete(row.db)
        with pytest.raises(IntegrityError, match="agreement_version_one_in_force"), transaction.atomic():
            builders.an_agreement(ana, number=9)
