"""Whose request this is, if anybody asked yet; a log line is no reason for a query."""

from contextvars import ContextVar
from typing import Any

request: ContextVar[Any] = ContextVar("request", default=None)


def id_() -> str:
    """The person's id, "" for nobody and for not known yet."""
    found = getattr(request.get(), "_cached_user", None)
    return str(found.pk) if found is not None and found.pk is not None else ""
