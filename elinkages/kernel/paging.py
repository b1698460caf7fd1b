"""Lists by cursor: the hundredth page costs what the first costs, and nothing is counted."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page[Row: Model]:
    """One screenful, with the addresses of its neighbors ("" where there is none)."""

    items: list[Row] = field(default_factory=list)
    next_url: str = ""
    previous_url: str = ""

    def __bool__(self) -> bool:
        return bool(self.items)


def paginate[Row: Model](
    queryset: QuerySet[Row], request: HttpRequest, *, order: Sequence[str] = ("-pk",), size: int = PAGE_SIZE
) -> Page[Row]:
    """The page that `?after=` or `?before=` names, the first one otherwise.

    `order` is one direction throughout (all "-x" or all "x"), of columns that are never null, and
    ends with the primary key so that it is total. A broken cursor shows the first page.
    """
    names = [name.lstrip("-") for name in order]
    after, before = (_decode(request.GET.get(side, ""), names) for side in ("after", "before"))
    descending = order[0].startswith("-")
    backward = before is not None
    cursor = before if backward else after
    rows = _slice(queryset, names, cursor, descending=descending != backward, size=size + 1)
    more = len(rows) > size
    rows = rows[:size]
    if backward:
        rows.reverse()
    has_next, has_previous = (True, more) if backward else (more, cursor is not None)
    return Page(
        rows,
        _url(request, "after", rows[-1], names) if rows and has_next else "",
        _url(request, "before", rows[0], names) if rows and has_previous else "",
    )


def _slice[Row: Model](
    queryset: QuerySet[Row], names: Sequence[str], cursor: list[Any] | None, *, descending: bool, size: int
) -> list[Row]:
    queryset = queryset.order_by(*[("-" if descending else "") + name for name in names])
    if cursor is not None:
        # Rows are compared whole, because that alone lets an index begin at the cursor: a < x OR (a = x AND b < y)
        # reads all that share their first column with it.
        beyond = TupleLessThan if descending else TupleGreaterThan
        queryset = queryset.filter(beyond(Tuple(*names), cursor))
    return list(queryset[:size])


def _value(row: Model, name: str) -> Any:
    value: Any = row
    for part in name.split("__"):
        value = getattr(value, part)
    return value


def _url(request: HttpRequest, side: str, row: Model, names: Sequence[str]) -> str:
    query = request.GET.copy()
    for key in ("after", "before"):
        query.pop(key, None)
    query[side] = _encode([_value(row, name) for name in names], names)
    return f"?{query.urlencode()}"


def _encode(values: Sequence[Any], names: Sequence[str]) -> str:
    tagged = [_tag(value) for value in values]
    text = base64.urlsafe_b64encode(json.dumps(tagged).encode()).decode().rstrip("=")
    return f"{text}.{_signature(text, names)}"


def _signature(text: str, names: Sequence[str]) -> str:
    """A cursor is ours and of a list in this order, or it is no cursor: what it holds goes into a query as it is."""
    return salted_hmac(f"paging:{','.join(names)}", text, algorithm="sha256").hexdigest()[:20]


def _tag(value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    if isinstance(value, UUID):
        return ["u", str(value)]
    return ["v", value]


_READ: dict[str, Callable[[Any], Any]] = {
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "u": UUID,
    "v": lambda value: value,
}


def _decode(cursor: str, names: Sequence[str]) -> list[Any] | None:
    text, _, signature = cursor.partition(".")
    if not text or not constant_time_compare(signature, _signature(text, names)):
        return None
    tagged = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return [_READ[kind](value) for kind, value in tagged]
