"""How lists of companies are searched."""

from typing import Any

from elinkages.kernel.match_keys import company_key
from elinkages.lists.filters import Rows
from elinkages.lists.scope import Scope


def by_name(field: str) -> Any:
    """Rows whose normalized name begins like what was typed; a prefix reaches an index, an infix does not."""

    def narrow(rows: Rows, text: str, scope: Scope) -> Rows:
        key = company_key(text)
        return rows.filter(**{f"{field}__prefix": key}) if key else rows.none()

    return narrow
