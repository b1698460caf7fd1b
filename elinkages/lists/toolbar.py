"""The links and controls above a list as HTML, made in Python like its table and for the same reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.safestring import SafeString

from elinkages.kernel.icons import icon_html
from elinkages.kernel.markup import escape, fill


@dataclass(frozen=True, slots=True)
class Link:
    """A chip or a tab."""

    label: str
    url: str
    is_on: bool
    leads_away: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter as a control; `options` are values, labels and whether they are chosen."""

    name: str
    label: str
    options: Sequence[tuple[str, str, bool]]
    style: str = ""


def tabs_html(label: str, links: Iterable[Link]) -> SafeString:
    """Links side by side, the one that is shown marked."""
    return _nav("tabs", label, [_link("", link, link.label) for link in links])


def chips_html(label: str, links: Iterable[Link]) -> SafeString:
    """The same as chips; one that leads away when it is on has a cross."""
    cross = SafeString(f" {icon_html('x', 'Show all', 12)}")
    parts = [
        _link(' class="chip"', link, fill("{}{}", link.label, cross) if link.leads_away else link.label)
        for link in links
    ]
    return _nav("chips", label, parts)


def hidden_html(pairs: Iterable[tuple[str, str]]) -> SafeString:
    """What a form sends along without a control."""
    return _joined(fill('<input type="hidden" name="{}" value="{}">', name, value) for name, value in pairs)


def selects_html(choices: Iterable[Choice]) -> SafeString:
    """The filters that are chosen from a list."""
    return _joined(_select(choice) for choice in choices)


def boxes_html(name: str, options: Iterable[tuple[str, str, bool]]) -> SafeString:
    """One box for each value, under one name."""
    return _joined(
        fill(
            '<label><input type="checkbox" name="{}" value="{}"{}> {}</label>',
            name,
            value,
            SafeString(" checked" if is_on else ""),
            label,
        )
        for value, label, is_on in options
    )


def _select(choice: Choice) -> SafeString:
    options = _joined(_option(*option) for option in choice.options)
    style = fill(' class="{}"', choice.style) if choice.style else ""
    return fill('<select{} name="{}" aria-label="{}">{}</select>', style, choice.name, choice.label, options)


@lru_cache(maxsize=1024)
def _option(value: str, label: str, is_on: bool) -> SafeString:
    """Sixty months of them are the same on every page."""
    return fill('<option value="{}"{}>{}</option>', value, SafeString(" selected" if is_on else ""), label)


def _link(style: str, link: Link, label: str) -> SafeString:
    on = ' aria-current="true"' if link.is_on else ""
    return SafeString(f'<a{style} href="{escape(link.url)}"{on}>{escape(label)}</a>')


def _nav(style: str, label: str, links: Iterable[str]) -> SafeString:
    return fill('<nav class="{}" aria-label="{}">{}</nav>', style, label, _joined(links))


def _joined(parts: Iterable[str]) -> SafeString:
    return SafeString("".join(parts))
