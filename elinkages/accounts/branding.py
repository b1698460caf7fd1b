"""The look of an MSP towards its partners: portal, public pages, e-mails and documents."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elinkages.accounts import colors, doors
from elinkages.accounts.models import Branding, Msp, Paper
from elinkages.accounts.pictures import Picture
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused

HOUSE_LIGHT, HOUSE_DARK = "#134f78", "#8bc4f0"
LETTER_CURRENCIES = frozenset({"USD", "CAD"})
ADDRESS_LINES = 4
LOGO_FILE = "logo.png"


class Unreadable(Refused):
    """A color on which nobody could read; `suggestion` is the nearest that can be."""

    status = 422

    def __init__(self, reading: colors.Reading) -> None:
        self.suggestion = reading.light
        super().__init__(
            f"Text in this color has a contrast of {reading.contrast:.1f} to 1; it needs {colors.READABLE} to 1 to be"
            f" readable. The nearest readable color is {reading.light}."
        )


class BadColor(Refused):
    """What was typed is no color."""

    status = 422


@dataclass(frozen=True, slots=True)
class Brand:
    """What pages, e-mails and documents need to know; the house's own look where an MSP has set nothing."""

    name: str
    slug: str
    accent_light: str = HOUSE_LIGHT
    accent_dark: str = HOUSE_DARK
    sender_name: str = ""
    reply_to: str = ""
    own_reply_to: str = ""
    address_lines: tuple[str, ...] = ()
    paper: str = Paper.LETTER
    logo_width: int = 0
    logo_height: int = 0
    version: str = ""

    @property
    def has_logo(self) -> bool:
        """Whether there is a picture to show in place of the name."""
        return self.logo_width > 0

    @property
    def css_path(self) -> str:
        """Where its colors are served; nothing for the look of the house."""
        return _public("brand-css", self) if self.version else ""

    @property
    def logo_path(self) -> str:
        """Where the logo is served."""
        return _public("brand-logo", self) if self.has_logo else ""


def _public(name: str, brand: Brand) -> str:
    return f"{doors.url('public', None, name, brand.slug)}?v={brand.version}"


def of(msp: Msp) -> Brand:
    """The brand of an MSP, asked once for each `msp` object; inside its unit of work or outside of any."""
    kept: Brand | None = msp.__dict__.get("_brand")
    if kept is None:
        if tenancy.active():
            kept = _read(msp)
        else:
            with tenancy.use(msp.pk):
                kept = _read(msp)
        msp.__dict__["_brand"] = kept
    return kept


def _read(msp: Msp) -> Brand:
    row = Branding.objects.defer("logo").filter(msp=msp).first()
    if row is None:
        return Brand(msp.name, msp.slug, sender_name=msp.name, reply_to=msp.contact_email, paper=_paper_of(msp))
    return Brand(
        name=msp.name,
        slug=msp.slug,
        accent_light=row.accent_light,
        accent_dark=row.accent_dark,
        sender_name=row.sender_name or msp.name,
        reply_to=row.reply_to or msp.contact_email,
        own_reply_to=row.reply_to,
        address_lines=tuple(row.postal_address.splitlines()),
        paper=row.paper,
        logo_width=row.logo_width,
        logo_height=row.logo_height,
        version=row.version,
    )


def _paper_of(msp: Msp) -> str:
    return Paper.LETTER if msp.currency in LETTER_CURRENCIES else Paper.A4


def letterhead(msp: Msp) -> tuple[dict[str, Any], Mapping[str, bytes]]:
    """What `templates/pdf/house.typ` sets on top of a document of the active MSP, and the files that it needs.

    `pdf.render("statement", {**data, **head}, files=files, at=…)`.
    """
    brand = of(msp)
    lines = [*brand.address_lines, *([brand.reply_to] if brand.reply_to else [])]
    head = {
        "paper": brand.paper,
        "letterhead": {
            "name": brand.name,
            "accent": brand.accent_light,
            "logo": LOGO_FILE if brand.has_logo else None,
            "lines": lines,
        },
    }
    return head, ({LOGO_FILE: logo(msp)} if brand.has_logo else {})


def logo(msp: Msp) -> bytes:
    """The picture itself, of the active MSP; empty without one."""
    found = Branding.objects.filter(msp=msp).values_list("logo", flat=True).first()
    return bytes(found or b"")


def css(light: str, dark: str) -> str:
    """The two values that differ, `#rrggbb`; everything else derives from them in static/css/_tokens.css."""
    return f":root {{ --brand-light: {light}; --brand-dark: {dark}; }}\n"


def change(
    msp: Msp,
    *,
    accent: str,
    sender_name: str = "",
    reply_to: str = "",
    postal_address: str = "",
    paper: str = Paper.LETTER,
    by: Actor,
    at: datetime,
) -> Branding:
    """Set the colors and the sender. Raises BadColor, and Unreadable with a suggestion."""
    reading = _reading(accent)
    if not reading.is_readable:
        raise Unreadable(reading)
    row = _row(msp, at)
    wanted = {
        "accent_light": reading.light,
        "accent_dark": reading.dark,
        "sender_name": " ".join(sender_name.split()),
        "reply_to": reply_to.strip().lower(),
        "postal_address": _lines(postal_address),
        "paper": paper,
    }
    changed = {field: value for field, value in wanted.items() if getattr(row, field) != value}
    if changed or row._state.adding:
        _save(row, at, **changed)
        told = {field: value for field, value in changed.items() if field != "accent_dark"}
        trail.record("brand.changed", msp, by=by, at=at, **told)
    return row


def put_logo(msp: Msp, picture: Picture, *, by: Actor, at: datetime) -> Branding:
    """Show a logo, made safe by `pictures.logo`, in place of the name."""
    row = _row(msp, at)
    _save(row, at, logo=picture.content, logo_width=picture.width, logo_height=picture.height)
    trail.record("brand.logo_set", msp, by=by, at=at)
    return row


def remove_logo(msp: Msp, *, by: Actor, at: datetime) -> None:
    """Show the name again; without a logo nothing happens."""
    row = _row(msp, at)
    if row.has_logo:
        _save(row, at, logo=b"", logo_width=0, logo_height=0)
        trail.record("brand.logo_removed", msp, by=by, at=at)


def _row(msp: Msp, at: datetime) -> Branding:
    """The row, or a new one with the look of the house; one at a time for each MSP."""
    Msp.objects.select_for_update(no_key=True).get(pk=msp.pk)
    if row := Branding.objects.filter(msp=msp).first():
        return row
    return Branding(accent_light=HOUSE_LIGHT, accent_dark=HOUSE_DARK, paper=_paper_of(msp), changed_at=at)


def _save(row: Branding, at: datetime, **changed: Any) -> None:
    for field, value in changed.items():
        setattr(row, field, value)
    row.changed_at = at
    seen = [row.accent_light, row.accent_dark, hashlib.sha256(bytes(row.logo)).hexdigest()]
    row.version = hashlib.sha256("|".join(seen).encode()).hexdigest()[:16]
    row.save()
    row.msp.__dict__.pop("_brand", None)


def _reading(accent: str) -> colors.Reading:
    try:
        return colors.read(accent)
    except ValueError as problem:
        raise BadColor(str(problem)) from problem


def _lines(text: str) -> str:
    lines = [" ".join(line.split())[:80] for line in text.splitlines()]
    return "\n".join([line for line in lines if line][:ADDRESS_LINES])
