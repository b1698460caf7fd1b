"""The five kinds of source: one name, one shape and one hue each, in every badge and chart."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString

from elinkages.kernel.icons import icon_html


@dataclass(frozen=True)
class Kind:
    """A source kind as it is drawn; `shape` is a Lucide name, `slug` ends its CSS class."""

    slug: str
    label: str
    shape: str


KINDS: dict[str, Kind] = {
    "client": Kind("client", "Happy client", "circle"),
    "vcio": Kind("vcio", "vCIO", "square"),
    "centre_of_influence": Kind("influence", "Center of influence", "diamond"),
    "peer_msp": Kind("peer", "Peer MSP", "triangle"),
    "vendor": Kind("vendor", "Vendor", "hexagon"),
}


def kind_of(value: str) -> Kind:
    """The kind with this stored value; an unknown value is shown as it is, in neutral."""
    return KINDS.get(value) or Kind("other", str(value).replace("_", " ").capitalize(), "minus")


@lru_cache(maxsize=256, typed=True)
def source_html(value: str, label: str = "") -> SafeString:
    """A source kind as a badge: its shape, its hue and its name."""
    kind = kind_of(value)
    shape = icon_html(kind.shape, size=12)
    return format_html('<span class="badge source-{}">{}{}</span>', kind.slug, shape, label or kind.label)
