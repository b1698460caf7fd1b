"""Lists that are short by nature, or a page of their own making: taken along as files like any other list.

Such a page shows all its rows in its own template and puts `{% export_menu %}` beside its title.
"""

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import IO, Any

from django.http import QueryDict

from elinkages.lists import exports
from elinkages.lists.columns import Field
from elinkages.lists.scope import Scope
from elinkages.lists.wanted import Bundle, Progress, Wanted
from elinkages.lists.writing import Sheet, write_sheet


class Short(Bundle):
    """Subclass it in the `listings` module of an app and `register` one of it; `name` is the URL name of its page."""

    title: str
    fields: Sequence[Field]
    formats = exports.FORMATS

    @abstractmethod
    def lines(self, query: QueryDict, scope: Scope) -> Sequence[Any] | None:
        """What the page shows for this address, all of it; None when what it is of does not exist."""

    def wanted(self, query: QueryDict, scope: Scope) -> Wanted | None:
        """The file of an address."""
        lines = self.lines(query, scope)
        if lines is None:
            return None
        sheet = Sheet(self.title, self.fields, scope.msp.currency, scope.zone)
        return Wanted(
            name=self.name,
            title=self.title,
            query=query.urlencode(),
            right=self.right,
            formats=self.formats,
            at_once=exports.AT_ONCE,
            most=exports.MOST,
            too_long=f"A file can have {exports.MOST:,} rows, and this list has more.",
            count=lambda _: len(lines),
            write=partial(_write, sheet, lines),
        )


def _write(sheet: Sheet, lines: Sequence[Any], format_: str, file: IO[bytes], progress: Progress) -> int:
    return write_sheet(sheet, lines, lambda some: some, format_, file, progress=progress)
