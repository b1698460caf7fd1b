"""`manage.py check_secrets`: can everything that was sealed be opened with the keys of this environment?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from elinkages.accounts import sealed
from elinkages.kernel import secrets
from elinkages.kernel.words import say_count


class Command(BaseCommand):
    """Reads only, and prints numbers, never a value. After a restore, and before an old key is dropped."""

    help = "Count sealed values that cannot be opened, and those that an older key sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Open every value once."""
        closed = older = count = 0
        for value in sealed.values():
            count += 1
            is_open = value.is_open()
            closed += not is_open
            older += is_open and not secrets.is_current(value.sealed)
        self.stdout.write(f"{say_count(count, 'sealed value')}: {closed} cannot be opened, {older} by an older key.")
        if closed:
            raise CommandError("Add the key that sealed them to SECRETS_KEY or SECRETS_KEY_FALLBACKS.")
