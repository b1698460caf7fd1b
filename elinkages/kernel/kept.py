"""Figures that are made once, and kept beside the version of what they were made of."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from elinkages.kernel.tenancy import current_msp_id

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def kept[Figures: "DataclassInstance"](
    kind: type[Figures], version: str, make: Callable[[], Figures], *, seconds: int
) -> Figures:
    """What `make` gave for this MSP and version, for so many seconds.

    What lies in Redis are values under the names of the fields, not objects: the release after this one may have other
    figures, or have them elsewhere.
    """
    names = [field.name for field in fields(kind)]
    key = f"{kind.__name__}:{','.join(names)}:{current_msp_id()}:{version}"
    values: tuple[Any, ...] | None = cache.get(key)
    if values is None:
        made = make()
        values = tuple(getattr(made, name) for name in names)
        cache.set(key, values, seconds)
    return kind(*values)
