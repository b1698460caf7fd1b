"""Icons: one set (Lucide), drawn inline so that they take the color of their text."""

from functools import lru_cache

from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide


@lru_cache(maxsize=512)
def icon_html(name: str, label: str = "", size: int = 20) -> SafeString:
    """An icon by its Lucide name; with a label it speaks, without one it is hidden from readers.

    Raises lucide.IconDoesNotExist for a name the set does not have.
    """
    lines = lucide(str(name), size=size, stroke_width=1.75, focusable="false").splitlines()
    # Ours from end to end: the name only picks a drawing of the package.
    drawing = SafeString("".join(line.strip() for line in lines))
    if label:
        return format_html('<span class="icon" role="img" aria-label="{}">{}</span>', label, drawing)
    return format_html('<span class="icon" aria-hidden="true">{}</span>', drawing)


TONES = frozenset({"neutral", "info", "good", "warn", "bad"})


@lru_cache(maxsize=1024, typed=True)
def badge_html(label: str, tone: str = "neutral", icon: str = "") -> SafeString:
    """A status in one or two words; an unknown tone is neutral."""
    drawing = icon_html(icon, size=12) if icon else ""
    return format_html('<span class="badge {}">{}{}</span>', tone if tone in TONES else "neutral", drawing, label)
