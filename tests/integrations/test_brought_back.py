"""A list of ours that is exported and brought back says nothing new: its columns are found, and its cells are read."""

from datetime import timedelta

import pytest

from elinkages.accounts import doors
from elinkages.kernel import tenancy
from elinkages.lists import listing as listings
from partners import onboarding
from partners.models import Partner, PartnerState
from referrals.models import Stage
from tests import builders
from tests.integrations.conftest import AT, Office

pytestmark = pytest.mark.django_db


def exported(office: Office, name: str, format_: str) -> bytes:
    """The file of a list with every column that it has."""
    listing = listings.find(name)
    assert listing is not None
    chosen = "&".join(f"columns={column.name}" for column in listing.columns)
    browser = builders.a_browser(office.owner.user)
    address = doors.url("dashboard", office.msp, f"dashboard:{name}")
    answer = browser.post(f"{address}export/?{chosen}", {"format": format_})
    assert answer.status_code == 302
    content: bytes = browser.get(answer["Location"]).content
    return content


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_the_list_of_partners(office: Office, format_: str) -> None:
    with tenancy.use(office.msp.pk):
        for number in range(4):
            told = {"email": f"p{number}@firm.example", "phone": "212 555 0100", "website": "https://firm.example"}
            state = PartnerState.ACTIVE if number else PartnerState.PROSPECT
            builders.a_partner(f"Firm {number}", state=state, city="Troy", external_id=f"P-{number}", **told)
        onboarding.suspend(Partner.objects.get(name="Firm 2"), reason="Asked for it", by=office.owner, at=AT)
        onboarding.part(Partner.objects.get(name="Firm 3"), reason="Asked for it", by=office.owner, at=AT)
    batch = office.check("partners", exported(office, "partner-list", format_))
    assert [fate for _, fate, _ in office.fates(batch)] == ["duplicate"] * 4, office.fates(batch)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_the_list_of_referrals(office: Office, format_: str) -> None:
    with tenancy.use(office.msp.pk):
        partner = builders.a_partner("Harbor")
        for number, stage in enumerate((Stage.REGISTERED, Stage.QUALIFIED, Stage.PROPOSAL)):
            builders.a_referral(
                partner,
                f"Company {number}",
                stage=stage,
                expected_mrr_minor=123_456,
                registered_at=AT + timedelta(days=number),
                contact_name="Dana Reed",
                contact_email="dana@company.example",
            )
    batch = office.check("referrals", exported(office, "referral-list", format_))
    assert [fate for _, fate, _ in office.fates(batch)] == ["duplicate"] * 3, office.fates(batch)
