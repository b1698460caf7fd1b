"""Charts: drawn by pygal on the server, dressed by our style sheet, with their numbers in a table.

A view makes a `Chart` and gives it to the page, which shows it with `{% chart chart %}`. The picture
is inline SVG without styles of its own, so it follows the theme and the content policy. `document()`
is the same picture for PDF, e-mail and download, with its colors inside.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import pygal
from django.utils.safestring import SafeString
from pygal.style import Style

from elinkages.kernel.money import exponent, format_money
from partners.kinds import Kind, kind_of

WIDE, NARROW = (720, 240), (340, 260)
CROWDED = 8
"""More labels than this touch each other on a phone, where every second one is left out."""
_PAPER: dict[str, Any] = {
    "background": "#ffffff",
    "plot_background": "#ffffff",
    "foreground": "#4a5361",
    "foreground_strong": "#1a2029",
    "foreground_subtle": "#4a5361",
    "guide_stroke_color": "#dfe3e8",
    "major_guide_stroke_color": "#9aa3af",
    "guide_stroke_dasharray": "0",
    "major_guide_stroke_dasharray": "0",
    "font_family": "sans-serif",
    "opacity": "1",
    "label_font_size": 12,
    "major_label_font_size": 12,
    "legend_font_size": 13,
    "title_font_size": 16,
}
_INK = {
    "client": "#5a5fc4",
    "vcio": "#1b7d8a",
    "influence": "#ad3f93",
    "peer": "#a8611c",
    "vendor": "#4c7c25",
    "other": "#6a7280",
}


@dataclass(frozen=True)
class Series:
    """One line of numbers, in the order of the labels; `kind` is a source kind and gives it its hue."""

    name: str
    values: tuple[int | None, ...]
    kind: str = "other"

    @property
    def look(self) -> Kind:
        """Its shape and hue; what is no source kind is neutral."""
        return kind_of(self.kind)


@dataclass(frozen=True)
class Unit:
    """What the numbers count: how one is written in full, how it is written on an axis, and its name."""

    name: str
    full: Callable[[Any], str]
    axis: Callable[[Any], str]


@lru_cache(maxsize=64)
def money(currency: str, *, period: str = "") -> Unit:
    """Amounts in minor units of a currency, for a period such as `a month`."""
    scale = 10 ** exponent(currency)
    name = f"{currency} {period}".strip()
    return Unit(name, lambda minor: format_money(int(minor), currency), lambda minor: _short(minor / scale))


@lru_cache(maxsize=64)
def counted(name: str) -> Unit:
    """Whole things: `referrals a month`."""
    return Unit(name, lambda value: f"{int(value):,}", _short)


@dataclass(frozen=True)
class Chart:
    """A title that says its subject, the series, and the way they are drawn."""

    title: str
    series: tuple[Series, ...]
    labels: tuple[str, ...]
    unit: Unit
    draw: type[Any]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for series in self.series for value in series.values)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The same numbers as a table: a label, then one text per series."""
        return [
            (label, [self._text(series.values[index]) for series in self.series])
            for index, label in enumerate(self.labels)
        ]

    @property
    def wide(self) -> SafeString:
        """The picture for a screen."""
        return _picture(self, WIDE)

    @property
    def narrow(self) -> SafeString:
        """The picture for a phone."""
        return _picture(self, NARROW)

    def document(self) -> bytes:
        """A whole SVG file with title, legend and colors inside, for PDF, e-mail and download."""
        inks = tuple(_INK[series.look.slug] for series in self.series)
        drawing = self.drawing(
            WIDE, style=Style(**_PAPER, colors=inks), title=f"{self.title}, {self.unit.name}", legend_at_bottom=True
        )
        root = _without(drawing.render_tree(), {"script", "comment"})
        whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return whole

    def drawing(self, size: tuple[int, int], **options: Any) -> Any:
        """The pygal chart at a size, with options of pygal."""
        width, height = size
        fixed: dict[str, Any] = {
            "js": [],
            "margin": 4,
            "spacing": 8,
            "truncate_label": -1,
            "max_scale": 6,
            "min_scale": 2,
        }
        if size == NARROW and len(self.labels) > CROWDED:
            fixed |= {"x_labels_major_every": 2, "show_minor_x_labels": False}
        drawing = self.draw(width=width, height=height, **fixed, **options)
        drawing.value_formatter = self.unit.axis
        drawing.x_labels = list(self.labels)
        for series in self.series:
            drawing.add(series.name, list(series.values), formatter=self.unit.full)
        return drawing

    def _text(self, value: int | None) -> str:
        return "\N{EN DASH}" if value is None else self.unit.full(value)


# Drawing takes some 15 ms, and the same numbers make the same picture.
@lru_cache(maxsize=256)
def _picture(chart: Chart, size: tuple[int, int]) -> SafeString:
    """The picture as inline SVG: without styles, with the class of its source on every series."""
    root = _without(chart.drawing(size, style=Style(**_PAPER), show_legend=False).render_tree(), {"defs", "comment"})
    root.attrib = {"viewBox": root.attrib["viewBox"], "aria-hidden": "true", "focusable": "false"}
    for group in root.iter("g"):
        if found := re.match(r"series serie-(\d+)", group.get("class", "")):
            group.set("class", f"series source-{chart.series[int(found[1])].look.slug}")
    # Serialized XML: every name and number in it is escaped already.
    return SafeString(ElementTree.tostring(root, encoding="unicode"))


def stacked_bars(title: str, series: Sequence[Series], *, labels: Sequence[str], unit: Unit) -> Chart:
    """Parts of a whole over time: one bar a label, one layer a series."""
    return Chart(title, tuple(series), tuple(labels), unit, pygal.StackedBar)


def bars(title: str, series: Sequence[Series], *, labels: Sequence[str], unit: Unit) -> Chart:
    """Amounts side by side."""
    return Chart(title, tuple(series), tuple(labels), unit, pygal.Bar)


def lines(title: str, series: Sequence[Series], *, labels: Sequence[str], unit: Unit) -> Chart:
    """How a few things move over time."""
    return Chart(title, tuple(series), tuple(labels), unit, pygal.Line)


def months_until(day: date, count: int) -> tuple[str, ...]:
    """The labels of the last `count` months, the one of `day` last: `Oct`, `Nov`; January says its year."""
    last = day.year * 12 + day.month - 1
    months = [date(index // 12, index % 12 + 1, 1) for index in range(last - count + 1, last + 1)]
    return tuple(f"{month:%b %Y}" if month.month == 1 else f"{month:%b}" for month in months)


def _short(value: float) -> str:
    for size, suffix in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f}".removesuffix(".0") + suffix
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def _without(root: ElementTree.Element, names: set[str]) -> ElementTree.Element:
    """Take out what pygal adds for its own script: scripts, tooltips, and notes that only they read."""
    for parent in list(root.iter()):
        for child in list(parent):
            name = child.tag if isinstance(child.tag, str) else "comment"
            if name in names or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
        _name_value(parent)
    return root


def _name_value(mark: ElementTree.Element) -> None:
    """A mark's value and label become the title that browsers show on hover."""
    notes = {note.get("class", ""): note for note in mark.findall("desc")}
    value = notes.get("value")
    if value is not None:
        label = notes.get("x_label")
        title = ElementTree.SubElement(mark, "title")
        title.text = f"{label.text}: {value.text}" if label is not None else value.text
    for note in notes.values():
        mark.remove(note)
