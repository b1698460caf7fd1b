"""Plans: created, published version by version, and applied by rules. A published version never changes."""

from commissions.plans.publishing import (
    BackDated,
    Consequences,
    LowersEarned,
    NameTaken,
    NotPayable,
    StillApplies,
    VersionsOverlap,
    archive,
    consequences,
    create,
    pinned,
    publish,
    restore,
    version_on,
    versions_on,
)
from commissions.plans.refusals import (
    Archived,
    EmptyPeriod,
)
from commissions.plans.rules import (
    NoVersion,
    RulesConflict,
    apply,
    end_rule,
)
from commissions.plans.starting import (
    StartingPoint,
    starting_points,
)

__all__ = [
    "Archived",
    "BackDated",
    "Consequences",
    "EmptyPeriod",
    "LowersEarned",
    "NameTaken",
    "NoVersion",
    "NotPayable",
    "RulesConflict",
    "StartingPoint",
    "StillApplies",
    "VersionsOverlap",
    "apply",
    "archive",
    "consequences",
    "create",
    "end_rule",
    "pinned",
    "publish",
    "restore",
    "starting_points",
    "version_on",
    "versions_on",
]
