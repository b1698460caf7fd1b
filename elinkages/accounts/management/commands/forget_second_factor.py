"""`manage.py forget_second_factor nina@example.com --reason "…"`: for somebody who lost phone, passkeys and codes."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from elinkages.accounts import factors
from elinkages.accounts.models import User

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Removes every second factor of one person, ends their sessions and writes to them."""

    help = "Remove the second factors of a person who lost them all. Make sure first, by a call, that it is them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and why."""
        parser.add_argument("email")
        parser.add_argument("--reason", required=True, help="How you made sure that it is them.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say that nobody has this address."""
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        count = factors.forget(user, at=timezone.now())
        logger.warning("Second factors of %s were removed: %s", user.pk, options["reason"])
        self.stdout.write(f"{count} removed. {user} logs in with the password and sets up a new one.")
