"""`manage.py check_secrets`: can everything that MSPs have sealed be opened with the keys of this environment?"""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from elinkages.accounts.models import Msp
from elinkages.kernel import secrets, tenancy
from elinkages.kernel.secrets import CannotOpen, SealedField
from elinkages.kernel.tenancy import TenantModel


class Command(BaseCommand):
    """Reads only, and prints numbers, never a value. After a restore, and before an old key is dropped."""

    help = "Count sealed values that cannot be opened, and those that an older key sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Open every value once, one MSP after the other."""
        closed = older = 0
        for msp in Msp.objects.order_by("pk"):
            with tenancy.use(msp.pk):
                for value, row, field in _sealed():
                    try:
                        secrets.open(value, place=field.place(row))
                        older += not secrets.is_current(value)
                    except (CannotOpen, ImproperlyConfigured):
                        closed += 1
        self.stdout.write(f"{closed} sealed values cannot be opened; {older} were sealed by an older key.")
        if closed:
            raise CommandError("Add the key that sealed them to SECRETS_KEY or SECRETS_KEY_FALLBACKS.")


def _sealed() -> Iterator[tuple[str, Any, SealedField]]:
    for model in apps.get_models():
        fields = [field for field in model._meta.get_fields() if isinstance(field, SealedField)]
        if fields and issubclass(model, TenantModel):
            for row in model.objects.iterator(500):
                values = ((row.__dict__.get(field.attname), row, field) for field in fields)
                yield from ((str(value), row, field) for value, row, field in values if value)
