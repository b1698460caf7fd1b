"""System checks: what would make the walls worthless is refused before the first request."""

import os
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from elinkages.kernel.constraints import AppendOnly
from elinkages.kernel.tenancy import KeptReference, SameTenant, TenantForeignKey, TenantIsolation, TenantModel


@register(Tags.database)
def database_role(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The connected role must be bound by row security, and must not own what it serves."""
    errors: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            role, unbound = cursor.fetchone()
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
            (owned,) = cursor.fetchone()
        if unbound:
            errors.append(Error(f"Role {role} ignores row security.", hint="Serve as elinkages_app.", id="kernel.E001"))
        if owned and os.environ.get("ELINKAGES_ROLE") != "owner":
            errors.append(
                Error(
                    f"Role {role} owns {owned} tables; it could lift their walls.",
                    hint="Serve as elinkages_app.",
                    id="kernel.E002",
                )
            )
    return errors


@register(Tags.models)
def walls_declared(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """Every tenant model is isolated, and every reference of it is a composite key."""
    errors: list[CheckMessage] = []
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            continue
        constraints = model._meta.constraints
        if not any(isinstance(constraint, TenantIsolation) for constraint in constraints):
            errors.append(Error("A tenant model without row security.", obj=model, id="kernel.E003"))
        kept = [constraint for constraint in constraints if isinstance(constraint, KeptReference)]
        walled = {constraint.field for constraint in constraints if isinstance(constraint, SameTenant | KeptReference)}
        walled |= {name for constraint in kept for name in constraint.alike}
        errors += [
            Error(f"{constraint.name} trusts a table whose rows may go away.", obj=model, id="kernel.E005")
            for constraint in kept
            if not _stays(model, constraint.field)
        ]
        errors += [
            Error(f"Reference {field.name} has no composite key.", obj=model, id="kernel.E004")
            for field in model._meta.get_fields()
            if isinstance(field, TenantForeignKey) and field.name not in walled
        ]
    return errors


def _stays(model: type[TenantModel], field: str) -> bool:
    """Whether rows that a reference points at are never deleted."""
    parent: Any = model._meta.get_field(field).related_model
    return any(isinstance(constraint, AppendOnly) for constraint in parent._meta.constraints)
