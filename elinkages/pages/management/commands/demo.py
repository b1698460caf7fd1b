"""`manage.py demo`: fill the demo once; `manage.py demo --logins` says who can log in."""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from elinkages.accounts import msps
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.pages.demo import cast, look, night_watch, people
from elinkages.pages.demo.rival import tell_rival
from elinkages.pages.demo.story import Story
from partners import invitations
from partners.models import PartnerState


class Command(BaseCommand):
    """Refuses outside of demo mode, because its passwords are known to everyone."""

    help = "Fill the demo: an MSP with eighteen months of history, and a second one beside it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Only the list of logins."""
        parser.add_argument("--logins", action="store_true", help="Print who can log in, and fill nothing.")

    def handle(self, *args: Any, logins: bool = False, **options: Any) -> None:
        """Fill an empty database, or say that it is filled."""
        if logins:
            self._print_logins()
            return
        if not settings.DEMO:
            raise CommandError("The demo's passwords are public. Set DEMO=1 if this database is for trying things out.")
        if Msp.objects.exists():
            self.stdout.write("The demo is filled already; bin/demo --reset starts over.")
            return
        now = timezone.now()
        self._northbeam(now)
        tell_rival(now)
        people.account(cast.STAFF, is_staff=True)
        night_watch.first_round(now)
        self.stdout.write("The demo is filled.")

    def _northbeam(self, now: datetime) -> None:
        owner_user = people.account(cast.OWNER)
        msp_id: UUID = msps.new_id(owner_user)
        began = now - timedelta(days=560)
        with tenancy.use(msp_id):
            msp = msps.found(
                name="Northbeam IT",
                slug="northbeam",
                time_zone="America/Chicago",
                currency="USD",
                owner=owner_user,
                at=began,
            )
            owner = Membership.objects.get(msp=msp, user=owner_user)
            manager = people.member(msp, cast.MANAGER, Role.MANAGER)
            finance = people.member(msp, cast.FINANCE, Role.FINANCE)
            people.member(msp, cast.READER, Role.READ_ONLY)
            look.dress(msp, by=owner, at=began)
            story = Story(msp, owner, manager, finance, now)
            story.tell()
            for person, firm in ((cast.PETRA, cast.PETRAS_FIRM), (cast.PAUL, cast.PAULS_FIRM)):
                user = people.account(person)
                people.join(story.partners[firm], user, by=owner, at=now - timedelta(days=400))
            people.colleague(story.partners[cast.PETRAS_FIRM], cast.COLLEAGUE, by=owner, at=now - timedelta(days=200))
            waiting = [partner for partner in story.partners.values() if partner.state == PartnerState.PROSPECT]
            for partner in waiting[:3]:
                invitations.invite(partner, by=manager, at=now - timedelta(days=9))

    def _print_logins(self) -> None:
        for person in cast.LOGINS:
            self.stdout.write(f"{person.email:<28} {person.part}")
        self.stdout.write(f"Password for all of them: {cast.PASSWORD}")
