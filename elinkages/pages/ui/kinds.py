"""The five kinds of source: one name, one shape and one hue each, in every badge and chart."""

from dataclasses import dataclass


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
