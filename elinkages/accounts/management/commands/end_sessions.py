"""`manage.py end_sessions`: everybody logs in again, after the database went back to an earlier moment."""

from typing import Any

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management.base import BaseCommand
from redis import RedisError

from elinkages.accounts.models import UserSession
from elinkages.kernel.words import say_count


class Command(BaseCommand):
    """Logins that were ended since that moment would be open again, and Redis knows things that have not happened."""

    help = "End the login of everybody, and empty Redis, whose queue and figures are of rows that are gone."

    def handle(self, *args: Any, **options: Any) -> None:
        """The logins first: those are somebody's."""
        UserSession.objects.all().delete()
        ended, _ = Session.objects.all().delete()
        self.stdout.write(f"{say_count(ended, 'login')} ended.")
        try:
            cache.clear()
        except RedisError as problem:
            self.stderr.write(f"Redis did not answer ({problem}). If it is not new, empty it before you serve.")
