"""The table of a list as HTML, made in Python: a template would resolve every cell of every row by its names again.

Every piece goes through `escape`; a column that returns plain text is escaped.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString

from elinkages.kernel.markup import escape, fill
from elinkages.lists.columns import Column
from elinkages.lists.listing import Asked

SELECTION = "selection"
"""The id of the form that the boxes of the rows belong to."""


def table_html(asked: Asked, rows: Sequence[Any], lines: Sequence[Any], *, has_boxes: bool) -> SafeString:
    """Head and rows; on a phone each row is a card whose cells say their column."""
    columns, scope = asked.columns, asked.scope
    starts = [_start(column, column.head(scope)) for column in columns]
    parts = ['<div class="table-wrap"><table class="table"><thead><tr>']
    parts += [_head(asked, column, has_boxes=has_boxes and not index) for index, column in enumerate(columns)]
    parts.append("</tr></thead><tbody>")
    for row, line in zip(rows, lines, strict=True):
        parts.append("<tr><td>")
        if has_boxes:
            parts.append(_box(row.pk, asked.listing.row_name(line)))
        parts.append(escape(columns[0].cell(line, scope)))
        for index in range(1, len(columns)):
            parts.append(starts[index])
            parts.append(escape(columns[index].cell(line, scope)))
        parts.append("</td></tr>")
    parts.append("</tbody></table></div>")
    return SafeString("".join(parts))


def _start(column: Column, head: str) -> str:
    number = ' class="num"' if column.is_number else ""
    label = fill(' data-label="{}"', head) if head else ""
    return f"</td><td{number}{label}>"


def _head(asked: Asked, column: Column, *, has_boxes: bool) -> str:
    number = SafeString(' class="num"') if column.is_number else ""
    label = escape(column.head(asked.scope))
    box = (
        SafeString(
            '<label class="pick every" hidden><input type="checkbox" form="selection">'
            '<span class="visually-hidden">Select this page</span></label>'
        )
        if has_boxes
        else ""
    )
    if not column.sorts:
        return fill('<th scope="col"{}>{}{}</th>', number, box, label)
    now = asked.order.name
    follows = (
        column.sorts[(column.sorts.index(now) + 1) % len(column.sorts)] if now in column.sorts else column.sorts[0]
    )
    sorted_ = ""
    if now in column.sorts:
        sorted_ = fill(' aria-sort="{}"', "descending" if asked.order.is_descending else "ascending")
    return fill(
        '<th scope="col"{}{}>{}<a href="{}">{}</a></th>', number, sorted_, box, asked.query(sort=follows), label
    )


def _box(pk: Any, name: str) -> str:
    return (
        f'<label class="pick"><input type="checkbox" name="id" value="{pk}" form="{SELECTION}">'
        f'<span class="visually-hidden">Select {escape(name)}</span></label>'
    )
