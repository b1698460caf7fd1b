"""Every sealed value there is, so that all can be checked, and sealed again when the key changes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from elinkages.accounts.factors import PLACE
from elinkages.accounts.models import Msp
from elinkages.kernel import secrets, tenancy
from elinkages.kernel.secrets import CannotOpen, Place, SealedField
from elinkages.kernel.tenancy import TenantModel


@dataclass(frozen=True, slots=True)
class Value:
    """A sealed value, where it belongs, and how another sealing of it is kept."""

    sealed: str
    place: Place
    keep: Callable[[str], None]

    def is_open(self) -> bool:
        """Whether the keys of this environment open it."""
        try:
            secrets.open(self.sealed, place=self.place)
        except (CannotOpen, ImproperlyConfigured):
            return False
        return True

    def seal_again(self) -> None:
        """Seal it with the newest key. Raises CannotOpen, and then nothing has changed."""
        self.keep(secrets.seal(secrets.open(self.sealed, place=self.place), place=self.place))


def values() -> Iterator[Value]:
    """What MSPs have sealed, one MSP after the other in a unit of work of its own, then what people have."""
    for msp in Msp.objects.order_by("pk"):
        with tenancy.use(msp.pk):
            yield from _of_msp()
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update().order_by("pk").iterator(500):
            yield from _of_factor(factor)


def _of_msp() -> Iterator[Value]:
    for model in apps.get_models():
        fields = [field for field in model._meta.get_fields() if isinstance(field, SealedField)]
        if fields and issubclass(model, TenantModel):
            for row in model.objects.select_for_update().order_by("pk").iterator(500):
                yield from (_of_field(row, field) for field in fields if row.__dict__.get(field.attname))


def _of_field(row: TenantModel, field: SealedField) -> Value:
    def keep(sealed: str) -> None:
        row.__dict__[field.attname] = secrets.Sealed(sealed)
        row.save(update_fields=[field.name])

    return Value(str(row.__dict__[field.attname]), field.place(row), keep)


def _of_factor(factor: Authenticator) -> Iterator[Value]:
    """An app's secret, or the seed of recovery codes; passkeys have none, their public key is no secret."""
    for name in ("secret", "seed"):
        if name in factor.data:
            yield Value(factor.data[name], PLACE, _keeper(factor, name))


def _keeper(factor: Authenticator, name: str) -> Callable[[str], None]:
    def keep(sealed: str) -> None:
        data: dict[str, Any] = {**factor.data, name: sealed}
        Authenticator.objects.filter(pk=factor.pk).update(data=data)

    return keep
