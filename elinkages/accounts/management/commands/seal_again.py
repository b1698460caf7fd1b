"""`manage.py seal_again`: after a new SECRETS_KEY, seal everything with it, so that the old one can be dropped."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from elinkages.accounts import sealed
from elinkages.kernel import secrets
from elinkages.kernel.words import say_count


class Command(BaseCommand):
    """Does nothing to what the newest key has sealed, so it can be run again after it was stopped."""

    help = "Seal with SECRETS_KEY what a key of SECRETS_KEY_FALLBACKS has sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """One MSP after the other; what cannot be opened is left as it is, and counted."""
        done = closed = 0
        for value in sealed.values():
            if not value.is_open():
                closed += 1
            elif not secrets.is_current(value.sealed):
                value.seal_again()
                done += 1
        self.stdout.write(f"{say_count(done, 'value')} sealed again.")
        if closed:
            raise CommandError(f"{say_count(closed, 'value')} cannot be opened: add the key that sealed them.")
