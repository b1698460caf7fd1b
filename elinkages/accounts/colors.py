"""Colors of a brand, made readable: sRGB and OKLCH, and the contrast of WCAG 2. No database, no request.

The papers are those of `static/css/_tokens.css`; a test holds the two together.
"""

import math
import re
from dataclasses import dataclass

READABLE = 4.5
"""The contrast that text of ordinary size needs (WCAG 2.2 AA)."""
LIGHT_PAPERS = ("oklch(98.2% 0.004 250)", "oklch(100% 0 0)", "oklch(96.2% 0.005 250)", "oklch(96.8% 0.006 245)")
DARK_PAPERS = (
    "oklch(17.5% 0.012 255)",
    "oklch(21% 0.013 255)",
    "oklch(25% 0.015 255)",
    "oklch(19.3% 0.012 255)",
    "oklch(24.5% 0.016 255)",
)
_HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.I)
_OKLCH = re.compile(r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)")
_STEP = 0.004


@dataclass(frozen=True, slots=True)
class Lch:
    """A color by lightness (0 to 1), chroma and hue (degrees)."""

    lightness: float
    chroma: float
    hue: float


@dataclass(frozen=True, slots=True)
class Reading:
    """How well a color can be read as text on our papers, and with white on it.

    `light` is the color in the light theme: the one that was asked for, or, when `is_readable` is false, the nearest
    that can be read. `dark` is its sister for the dark theme; contrasts are with the least favorable paper.
    """

    asked: str
    contrast: float
    light: str
    light_contrast: float
    dark: str
    dark_contrast: float

    @property
    def is_readable(self) -> bool:
        """Whether the color can be used as it is."""
        return self.asked == self.light


def parse(text: str) -> str:
    """`#RRGGBB` in lower case from what a person types; raises ValueError."""
    found = _HEX.fullmatch(text.strip())
    if not found:
        raise ValueError(f"“{text}” is not a color. Write it as six digits, such as #134f78.")
    digits = found[1].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)


def read(color: str) -> Reading:
    """Whether a color can be read, and the nearest ones that can: same hue, another lightness."""
    asked = parse(color)
    contrast = worst_contrast(asked, LIGHT_PAPERS)
    light = asked if contrast >= READABLE else _nearest(asked, LIGHT_PAPERS, darker=True)
    dark = _nearest(asked, DARK_PAPERS, darker=False)
    return Reading(asked, contrast, light, worst_contrast(light, LIGHT_PAPERS), dark, worst_contrast(dark, DARK_PAPERS))


def contrast(first: str, second: str) -> float:
    """The contrast of two colors, each `#rrggbb` or `oklch(…)`: 1 (the same) to 21 (black on white)."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def worst_contrast(color: str, papers: tuple[str, ...]) -> float:
    """The contrast with the paper on which it is read worst."""
    return min(contrast(color, paper) for paper in papers)


def _nearest(color: str, papers: tuple[str, ...], *, darker: bool) -> str:
    """The same hue, lightness moved until every paper carries it; gray where the hue has no such color."""
    asked = to_lch(color)
    start = min(asked.lightness, 0.99) if darker else max(asked.lightness, 0.62)
    for number in range(round(1 / _STEP) + 1):
        lightness = start - number * _STEP if darker else start + number * _STEP
        candidate = to_hex(Lch(min(max(lightness, 0.0), 1.0), asked.chroma, asked.hue))
        if worst_contrast(candidate, papers) >= READABLE:
            return candidate
    raise ValueError(f"There is no readable color like {color}.")


def to_lch(color: str) -> Lch:
    """OKLCH of `#rrggbb`."""
    red, green, blue = _linear_of(color)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Lch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def to_hex(color: Lch) -> str:
    """`#rrggbb` of an OKLCH color; what a screen cannot show loses chroma, not hue."""
    chroma = color.chroma
    while chroma > 0.001 and not _fits(_linear(Lch(color.lightness, chroma, color.hue))):
        chroma *= 0.95
    channels = _linear(Lch(color.lightness, chroma, color.hue))
    return "#" + "".join(f"{round(_encode(min(max(channel, 0.0), 1.0)) * 255):02x}" for channel in channels)


def _luminance(color: str) -> float:
    red, green, blue = _linear_of(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear_of(color: str) -> tuple[float, float, float]:
    if found := _OKLCH.fullmatch(color):
        lightness, chroma, hue = (float(number) for number in found.groups())
        red, green, blue = _linear(Lch(lightness / 100, chroma, hue))
        return (min(max(red, 0.0), 1.0), min(max(green, 0.0), 1.0), min(max(blue, 0.0), 1.0))
    digits = parse(color)
    red, green, blue = (_decode(int(digits[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return red, green, blue


def _linear(color: Lch) -> tuple[float, float, float]:
    a = color.chroma * math.cos(math.radians(color.hue))
    b = color.chroma * math.sin(math.radians(color.hue))
    long = (color.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (color.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (color.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _fits(channels: tuple[float, float, float]) -> bool:
    return all(-0.0005 <= channel <= 1.0005 for channel in channels)


def _decode(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encode(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
