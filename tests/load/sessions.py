"""Sessions of the demo's people, and the rows that they look at."""

from typing import Any
from uuid import UUID

from commissions.models import Entry, PayoutRun
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.pages.demo import cast
from partners.models import Partner
from referrals.models import Client, Referral
from tests import demo_site

PEOPLE_OF_A_KIND = 20


def of_the_demo() -> tuple[UUID, dict[str, list[dict[str, Any]]]]:
    """The MSP, and for every kind of person the cookies, the door, and ids of rows to open."""
    msp = Msp.objects.get(slug="northbeam")
    with tenancy.use(msp.pk):
        partner = Partner.objects.get(name=cast.PETRAS_FIRM)
        ids = {
            "partner": str(partner.pk),
            "partner_name": partner.name,
            "referral": str(Referral.objects.order_by("pk")[0].pk),
            "client": str(Client.objects.order_by("pk")[0].pk),
            "run": str(PayoutRun.objects.order_by("-number")[0].pk),
            "entry": str(Entry.objects.order_by("pk")[0].pk),
        }
    doors = {
        "owner": (cast.OWNER, f"/{msp.slug}"),
        "finance": (cast.FINANCE, f"/{msp.slug}"),
        "partner": (cast.PETRA, f"/p/{msp.slug}"),
    }
    return msp.pk, {
        kind: [{"base": base, "ids": ids, "cookies": demo_site.cookies(person.email)} for _ in range(PEOPLE_OF_A_KIND)]
        for kind, (person, base) in doors.items()
    }


def introductions(msp_id: UUID) -> int:
    """How many introductions of the load are in the database."""
    with tenancy.use(msp_id):
        return Referral.objects.filter(company__startswith="Load ").count()
