"""`manage.py check_books`: prove the books of every MSP, or of one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from commissions import invariants
from commissions.invariants import heads as published
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy


class Command(BaseCommand):
    """Reads only, unless --park is given; exit code 1 when something is wrong."""

    help = "Prove that the books hold: name every invariant that is broken, and where."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One MSP, the deep check, parking."""
        parser.add_argument("msp", nargs="?", help="The address (slug) of one MSP; every MSP without it.")
        parser.add_argument("--deep", action="store_true", help="Also compute every month again and compare.")
        parser.add_argument("--heads", type=Path, metavar="FILE", help="Also compare with the heads published there.")
        parser.add_argument("--park", action="store_true", help="Stop the payouts of an MSP whose books are wrong.")

    def handle(
        self,
        *args: Any,
        msp: str | None = None,
        deep: bool = False,
        park: bool = False,
        heads: Path | None = None,
        **options: Any,
    ) -> None:
        """Check one MSP after the other, each in its own unit of work."""
        found = Msp.objects.filter(slug=msp) if msp else Msp.objects.order_by("slug")
        if msp and not found:
            raise CommandError(f"There is no MSP at the address {msp}.")
        at = timezone.now()
        wrong = 0
        for one in found:
            with tenancy.use(one.pk):
                broken = invariants.check(today=one.today(at) if deep else None)
                if broken and park:
                    invariants.park(one, broken, at=at)
            wrong += bool(broken)
            self.stdout.write(f"{one.slug}: {'clean' if not broken else f'{len(broken)} invariants broken'}")
            for line in broken:
                self.stdout.write(f"  {line}")
        if heads is not None:
            self._compare(heads, found[0] if msp else None)
        if wrong:
            raise CommandError(f"{wrong} of {len(found)} MSPs have books that are wrong.")

    def _compare(self, file: Path, only: Msp | None) -> None:
        try:
            different = published.differences(file, only=only)
        except (OSError, ValueError) as problem:
            raise CommandError(str(problem)) from problem
        for line in different:
            self.stdout.write(f"  {line}")
        if different:
            raise CommandError(f"{len(different)} published heads are not in these books.")
        self.stdout.write(f"Every head published in {file} is in these books.")
