"""Columns: how a value stands in a cell of the page, and what an export writes of it.

A cell is HTML: whoever makes one from text uses `fill` or the makers here; a plain string is escaped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString

from elinkages.kernel import figures
from elinkages.kernel.markup import escape, fill
from elinkages.lists.scope import Scope


class Kind(Enum):
    """What an exported value is: text, a whole number, minor units, a day, a month (its first day) or an instant."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    DAY = "day"
    MONTH = "month"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an export; `value` takes a line and gives None for nothing."""

    label: str
    value: Callable[[Any], Any]
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list. `sorts` names the orders its head switches between; an extra one is shown when chosen."""

    name: str
    label: str
    cell: Callable[[Any, Scope], str]
    fields: tuple[Field, ...]
    sorts: tuple[str, ...] = ()
    is_money: bool = False
    is_number: bool = False
    is_extra: bool = False

    def head(self, scope: Scope) -> str:
        """The label; an amount says its currency once, here."""
        return f"{self.label}, {scope.msp.currency}" if self.is_money else self.label


def text(name: str, label: str, value: Callable[[Any], str], *, is_extra: bool = False, **more: Any) -> Column:
    """A column of plain text."""
    return Column(name, label, lambda line, _: value(line), (Field(label, value),), is_extra=is_extra, **more)


def count(name: str, label: str, value: Callable[[Any], int | None], **more: Any) -> Column:
    """A column of whole numbers; zero is a dash."""

    def cell(line: Any, scope: Scope) -> str:
        found = value(line)
        return f"{found:,}" if found else figures.NONE

    return Column(name, label, cell, (Field(label, value, Kind.COUNT),), is_number=True, **more)


def money(name: str, label: str, value: Callable[[Any], int | None], *, dash: bool = True, **more: Any) -> Column:
    """A column of amounts in minor units of the MSP's currency; zero is a dash unless it says something."""

    def cell(line: Any, scope: Scope) -> str:
        minor = value(line)
        if minor is None or (dash and minor == 0):
            return figures.NO_MONEY
        return figures.amount_html(minor, scope.msp.currency, bare=True)

    fields = (Field(label, value, Kind.MONEY),)
    return Column(name, label, cell, fields, is_money=True, is_number=True, **more)


def day(name: str, label: str, value: Callable[[Any], date | None], **more: Any) -> Column:
    """A column of days."""
    return Column(name, label, lambda line, _: show_day(value(line)), (Field(label, value, Kind.DAY),), **more)


def month(name: str, label: str, value: Callable[[Any], date], **more: Any) -> Column:
    """A column of months."""

    def cell(line: Any, scope: Scope) -> str:
        return figures.day_html(value(line), months=True)

    return Column(name, label, cell, (Field(label, value, Kind.MONTH),), **more)


def instant(name: str, label: str, value: Callable[[Any], datetime | None], **more: Any) -> Column:
    """A column of instants: the day and how long ago."""

    def cell(line: Any, scope: Scope) -> str:
        found = value(line)
        return figures.instant_html(found, scope.at, scope.zone) if found else figures.NONE

    return Column(name, label, cell, (Field(label, value, Kind.INSTANT),), **more)


def show_day(value: date | None) -> str:
    """A day, or a dash."""
    return figures.day_html(value) if value else figures.NONE


def row_link(scope: Scope, name: str, pk: UUID, label: str) -> SafeString:
    """The link that makes the whole row open its page."""
    return fill('<a class="row-link" href="{}">{}</a>', scope.url(name, pk), label)


@lru_cache(maxsize=1024, typed=True)
def sub(content: str, *, warns: bool = False) -> SafeString:
    """A second line in a cell, smaller."""
    if warns:
        return fill('<span class="sub warn-text">{}</span>', content)
    return fill('<span class="sub">{}</span>', content)


@lru_cache(maxsize=128, typed=True)
def sentence(content: str) -> SafeString:
    """A second line that is read from its start, on the card of a phone too."""
    return fill('<span class="sub sentence">{}</span>', content)


@lru_cache(maxsize=128, typed=True)
def muted(content: str) -> SafeString:
    """What stands for nothing."""
    return fill('<span class="muted">{}</span>', content)


def together(*parts: str) -> SafeString:
    """Several pieces in one cell; on a phone they stay beside their label as one."""
    return SafeString(f"<span>{''.join(escape(part) for part in parts if part)}</span>")
