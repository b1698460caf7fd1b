"""A first agreement begins from an outline with the MSP's own numbers, and is never published by itself."""

import pytest
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners import agreement_outline, agreements
from partners.models import AgreementDraft, AgreementVersion, SourceKind
from referrals import protection
from tests import builders
from tests.partners.agreements.signing import AT
from tests.reading import read

pytestmark = pytest.mark.django_db

SAME = [(kind.label, 180) for kind in SourceKind]


def test_the_empty_page_offers_the_outline_which_becomes_a_draft(msp: Msp, dashboard: Client) -> None:
    home = f"/{msp.slug}/partners/agreement/"
    blank = read(dashboard, f"{home}drafts/new/")
    assert "Start from the outline" in blank
    assert "It is not legal advice." in blank
    begun = dashboard.post(f"{home}outline/", {"kind": ""})
    with tenancy.use(msp.pk):
        draft = AgreementDraft.objects.get()
        assert not AgreementVersion.objects.exists()
    assert begun["Location"] == f"{home}drafts/{draft.pk}/"
    written = read(dashboard, begun["Location"])
    assert "protected for 180 days" in written
    assert "Start from the outline" not in written
    again = dashboard.post(f"{home}outline/", {"kind": ""})
    assert again.status_code == 409
    assert "is already writing a version" in again.content.decode()


def test_what_is_left_to_say_keeps_it_from_being_published(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        draft = agreement_outline.begin(msp, kind="", windows=SAME, by=ana, at=AT)
        assert draft.text.startswith("[Before you publish: this outline is not legal advice. Have a lawyer read it")
        assert len(agreements.blanks(draft.text)) == 2
        with pytest.raises(agreements.Unfinished, match="Fill in or delete"):
            agreements.publish(draft, by=ana, at=AT)
    publication = f"/{msp.slug}/partners/agreement/drafts/{draft.pk}/publication/"
    page = read(dashboard, publication)
    assert "[Before you publish: name your state]" in page
    assert "Publish the agreement" not in page
    assert dashboard.post(publication).status_code == 409
    with tenancy.use(msp.pk):
        draft.text = agreements.BLANK.sub("Illinois", draft.text)
        draft.save(update_fields=["text"])
        assert agreements.publish(draft, by=ana, at=AT).number == 1


def test_the_outline_says_the_numbers_of_the_msp(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        protection.set_rules({"": 120, SourceKind.VENDOR: 1}, by=ana, at=AT, msp=msp)
        windows = [(window.kind.label, window.days) for window in protection.windows()]
    msp.name, msp.minimum_payout_minor = "Smith & Sons", 7_500
    text = agreement_outline.outline(msp, windows)
    assert "- Happy client: 120 days\n" in text
    assert "- Vendor: 1 day\n" in text
    assert "$75.00 or more" in text
    assert "services of Smith & Sons." in text
    msp.minimum_payout_minor = 0
    assert "Once a month, we pay what is due. Your portal" in agreement_outline.outline(msp, SAME)


def test_one_kind_has_an_outline_of_its_own(msp: Msp, ana: Membership, dashboard: Client) -> None:
    with tenancy.use(msp.pk):
        protection.set_rules({SourceKind.VENDOR: 30}, by=ana, at=AT, msp=msp)
    dashboard.post(f"/{msp.slug}/partners/agreement/outline/", {"kind": "vendor"})
    dashboard.post(f"/{msp.slug}/partners/agreement/outline/", {"kind": "no such kind"})
    with tenancy.use(msp.pk):
        vendors, everyone = AgreementDraft.objects.order_by("-kind")
        with pytest.raises(agreement_outline.AlreadyBegun, match="a version for Vendor"):
            agreement_outline.begin(msp, kind="vendor", windows=SAME, by=ana, at=AT)
    assert (vendors.kind, everyone.kind) == ("vendor", "")
    assert "protected for 30 days" in vendors.text
    assert "- Vendor: 30 days" in everyone.text


def test_only_who_may_write_agreements_begins_one(msp: Msp) -> None:
    manager = builders.a_browser(builders.a_member(msp, Role.MANAGER, "Mara Manager").user)
    assert manager.post(f"/{msp.slug}/partners/agreement/outline/", {"kind": ""}).status_code == 403
