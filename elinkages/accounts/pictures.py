"""Pictures that people upload: opened with suspicion, and kept only as what we encoded ourselves."""

import io
import warnings
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from elinkages.kernel.refusal import Refused

LARGEST_UPLOAD = 2 * 1024 * 1024
MOST_PIXELS = 10_000_000
"""Each takes ten bytes while it is read: a file of a few kilobytes can ask for all of them."""
BOX = (480, 160)
"""The logo is at most this many pixels wide and high: sharp at twice its size on a page."""
SMALLEST = 16


class BadPicture(Refused):
    """A file that we do not take for a picture."""

    status = 422


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG of ours."""

    content: bytes
    width: int
    height: int


def logo(file: BinaryIO, size: int) -> Picture:
    """A PNG, JPEG or WebP as a PNG of ours that fits the box, without what else was in the file. Raises BadPicture."""
    if size > LARGEST_UPLOAD:
        raise BadPicture(f"The picture is larger than {LARGEST_UPLOAD // 1024 // 1024} MB. Save a smaller one.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _encoded(_opened(file))
    except BadPicture:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise BadPicture("This is not a picture that we can read. Use a PNG, JPEG or WebP file.") from problem
    except Image.DecompressionBombWarning as problem:
        raise BadPicture("The picture has too many pixels. Save a smaller one.") from problem


def _opened(file: BinaryIO) -> Image.Image:
    picture = Image.open(file, formats=["PNG", "JPEG", "WEBP"])
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise BadPicture("The picture has too many pixels. Save a smaller one.")
    if min(width, height) < SMALLEST:
        raise BadPicture(f"The picture is too small: it needs at least {SMALLEST} pixels each way.")
    return ImageOps.exif_transpose(picture).convert("RGBA")


def _encoded(picture: Image.Image) -> Picture:
    """Without a transparent rim, within the box, without metadata."""
    if not (drawn := picture.getchannel("A").getbbox()):
        raise BadPicture("The picture is empty: every pixel is transparent.")
    trimmed = picture.crop(drawn)
    trimmed.thumbnail(BOX, Image.Resampling.LANCZOS)
    clean = Image.new("RGBA", trimmed.size)
    clean.paste(trimmed)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), *clean.size)
