"""How Northbeam looks to its partners: a mark and a name drawn here, a green of their own."""

import io
from datetime import datetime

from PIL import Image, ImageDraw, ImageFont

from elinkages.accounts import branding, pictures
from elinkages.accounts.models import Membership, Msp

GREEN = "#0b6650"
_SCALE = 4


def dress(msp: Msp, *, by: Membership, at: datetime) -> None:
    """Give the MSP its colors, its logo and its postal address."""
    branding.change(
        msp,
        accent=GREEN,
        sender_name="Northbeam IT Partners",
        reply_to="partners@northbeam.example",
        postal_address="1200 West Lake Street\nChicago, IL 60607",
        by=by,
        at=at,
    )
    content = _draw()
    branding.put_logo(msp, pictures.logo(io.BytesIO(content), len(content)), by=by, at=at)


def _draw() -> bytes:
    """A beam over a horizon, and the name."""
    picture = Image.new("RGBA", (110 * _SCALE, 30 * _SCALE))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(3 * _SCALE, 27 * _SCALE), (14 * _SCALE, 3 * _SCALE), (25 * _SCALE, 27 * _SCALE)], fill=GREEN)
    pen.polygon([(11 * _SCALE, 27 * _SCALE), (14 * _SCALE, 3 * _SCALE), (17 * _SCALE, 27 * _SCALE)], fill="#ffffff")
    pen.text(
        (31 * _SCALE, 15 * _SCALE), "Northbeam", fill="#17332b", font=ImageFont.load_default(15 * _SCALE), anchor="lm"
    )
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
