"""Columns that need no translation: what goes around the fields of the ORM may only touch these."""

from typing import Any

from django.db import connection
from django.db.models import Field, Model


def columns(model: type[Model]) -> list["Field[Any, Any]"]:
    """The fields of a model that are columns. Raises TypeError for one with JSON, secrets or the like among them."""
    found = list(model._meta.concrete_fields)
    if any(field.get_db_converters(connection) for field in found):
        raise TypeError(f"{model.__name__} has columns that are not what Python sees of them.")
    return found
