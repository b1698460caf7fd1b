"""`manage.py makemigrations`: Django's, folded."""

from django.core.management.commands import makemigrations

from elinkages.pages.migration_folding import Folding


class Command(makemigrations.Command):
    """Writes few operations, because each one costs."""

    autodetector = Folding
