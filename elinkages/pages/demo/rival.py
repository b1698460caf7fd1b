"""The second MSP of the demo: small, separate, and with one partner in common."""

from datetime import datetime, timedelta

from commissions import plans
from commissions.terms import Percent
from elinkages.accounts import msps
from elinkages.accounts.models import Membership, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.pages.demo import cast, people
from partners import onboarding
from partners.models import SourceKind
from referrals import pipeline, service_lines
from referrals.models import Channel


def tell_rival(now: datetime) -> None:
    """Harborlight MSP: founded three months ago, Petra sends them business too."""
    owner_user = people.account(cast.RIVAL)
    at = now - timedelta(days=90)
    with tenancy.use(msps.new_id(owner_user)):
        msp = msps.found(
            name="Harborlight MSP",
            slug="harborlight",
            time_zone="America/New_York",
            currency="USD",
            owner=owner_user,
            at=at,
        )
        owner = Membership.objects.get(msp=msp, user=owner_user)
        people.member(msp, cast.RIVAL_FINANCE, Role.FINANCE)
        service_lines.seed(at)
        plan = plans.create(
            name="Eight percent for a year",
            versioning="pinned",
            terms=Percent(basis_points=800),
            valid_from=at.date(),
            by=owner,
            at=at,
        )
        plans.apply(plan, valid_from=at.date(), by=owner, at=at)
        petra = onboarding.add(
            kind=SourceKind.CENTRE,
            name=cast.PETRAS_FIRM,
            email=cast.PETRA.email,
            contact_name=cast.PETRA.name,
            by=owner,
            at=at,
        )
        people.join(petra, User.objects.get(email=cast.PETRA.email), by=owner, at=at)
        onboarding.add(kind=SourceKind.CLIENT, name="Mystic Boatworks", email="jo@mysticboats.example", by=owner, at=at)
        for days, company in ((60, "Saybrook Pediatrics"), (20, "Noank Marine Supply"), (1, "Essex Title Company")):
            when = now - timedelta(days=days)
            pipeline.submit(petra, company=company, channel=Channel.DASHBOARD, by=owner, at=when)
