"""`manage.py check_migrations`: can every migration run while the release before it serves?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from elinkages.pages.migration_rules import findings


class Command(BaseCommand):
    """Reads only."""

    help = "Refuse migrations that lock tables in use for long, or that the release before cannot live with."

    def handle(self, *args: Any, **options: Any) -> None:
        """Name every rule that is broken, by migration."""
        found = list(findings())
        for finding in found:
            self.stdout.write(str(finding))
        if found:
            raise CommandError(f"{len(found)} rules are broken. docs/runbook.md, “Upgrade”, says what to do instead.")
