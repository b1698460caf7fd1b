"""Roles of an MSP's people, and what each may do (decisions 13)."""

from django.db import models


class Role(models.TextChoices):
    """What a person is at one MSP."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    FINANCE = "finance", "Finance"
    READ_ONLY = "read_only", "Read-only"


RIGHTS: dict[str, frozenset[str]] = {
    "view": frozenset(Role.values),
    "partners.manage": frozenset({Role.OWNER, Role.MANAGER}),
    "referrals.manage": frozenset({Role.OWNER, Role.MANAGER}),
    "clients.manage": frozenset({Role.OWNER, Role.MANAGER}),
    "billing.manage": frozenset({Role.OWNER, Role.MANAGER, Role.FINANCE}),
    "imports.manage": frozenset({Role.OWNER, Role.MANAGER, Role.FINANCE}),
    "plans.manage": frozenset({Role.OWNER}),
    "payouts.manage": frozenset({Role.OWNER, Role.FINANCE}),
    "settings.manage": frozenset({Role.OWNER}),
    "team.manage": frozenset({Role.OWNER}),
}
"""Right → the roles that have it. A right that is not in this table does not exist."""

MOVES_MONEY = frozenset({"payouts.manage"})
"""Rights that nobody uses without a second factor."""

ROLE_SENTENCES = {
    Role.OWNER: "Can do everything, including plans, settings and people.",
    Role.MANAGER: "Runs partners, referrals, clients and imports.",
    Role.FINANCE: "Records and imports invoices and payments; opens, approves and pays payout runs.",
    Role.READ_ONLY: "Reads partners, referrals, clients, commissions and payouts; changes nothing.",
}
