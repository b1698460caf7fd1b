"""Style sheets and elements keep to the house: few colors, small files, readable ink."""

import gzip
import math
import re
from collections.abc import Iterator
from pathlib import Path

import django_htmx
import pytest

STATIC = Path(__file__).resolve().parents[2] / "elinkages" / "static"
SHEETS = sorted((STATIC / "css").glob("*.css"))
MODULES = sorted((STATIC / "js").glob("*.js"))
TOKENS = (STATIC / "css" / "_tokens.css").read_text()
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"

RAW_COLOR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(|:\s*(?:white|black|red|gray|blue)\b", re.I
)
SIZES = {"var(--small)", "var(--body)", "var(--large)", "var(--display)"}
# What is read on the scale of the whole page (100%), beside code (0.92em), in a chart, in print, and 16 px
# on touch screens, below which phones zoom into a control.
OTHER_SIZES = {"100%", "0.92em", "var(--label, 12px)", "80%", "1rem"}


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colors_are_named_on_the_page_of_tokens_and_nowhere_else(sheet: Path) -> None:
    if sheet.name != "_tokens.css":
        assert RAW_COLOR.findall(_without_comments(sheet.read_text())) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_style_sheet_is_short_and_stays_in_a_declared_layer(sheet: Path) -> None:
    layers = set(re.findall(r"\w+", (STATIC / "css" / "_layers.css").read_text().removeprefix("@layer")))
    text = _without_comments(sheet.read_text()).strip()
    assert len(text.splitlines()) <= 200
    assert "!important" not in text
    assert "gradient" not in text
    if sheet.name != "_layers.css":
        assert set(re.findall(r"^@layer (\w+) \{", text, flags=re.M)) <= layers
        assert re.sub(r"^@layer \w+ \{.*?^\}", "", text, flags=re.S | re.M).strip() == "", "a rule outside of a layer"


def test_only_four_sizes_and_two_weights_are_used() -> None:
    text = "".join(_without_comments(sheet.read_text()) for sheet in SHEETS)
    assert set(re.findall(r"font-size:\s*([^;}]+?)\s*[;}]", text)) <= SIZES | OTHER_SIZES
    assert set(re.findall(r"font-weight:\s*([^;}]+?)\s*[;}]", text)) == {"var(--bold)", "var(--regular)"}


def test_every_custom_property_that_is_used_is_defined() -> None:
    text = "".join(_without_comments(sheet.read_text()) for sheet in SHEETS)
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert used <= defined


def test_every_class_that_is_styled_is_used() -> None:
    """The marks of charts and the badges of the kinds of source are put together from parts."""
    styled = set(re.findall(r"\.([a-z][a-z0-9-]*)", "".join(_without_comments(sheet.read_text()) for sheet in SHEETS)))
    root = STATIC.parents[1]
    pages = [*(root / "templates").rglob("*.html"), *(root / "elinkages" / "pages").rglob("*.py"), *MODULES]
    used = set(re.findall(r"[a-z][a-z0-9-]*", "".join(page.read_text() for page in pages)))
    assert {name for name in styled - used if not name.startswith("source-")} <= {"dot"}


def test_what_the_browser_loads_stays_within_the_budget() -> None:
    css = sum(len(gzip.compress(path.read_bytes())) for path in SHEETS)
    own = sum(len(gzip.compress(path.read_bytes())) for path in MODULES)
    assert css <= 25_000
    assert own + len(gzip.compress(HTMX.read_bytes())) <= 30_000


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_is_one_small_element_that_writes_no_html(module: Path) -> None:
    text = module.read_text()
    assert len(text.splitlines()) <= 60
    assert not re.search(r"\b(eval|innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b|\.style\b", text)
    if module.stem != "main":
        assert re.findall(r'customElements\.define\("([^"]+)"', text) == [module.stem]
        assert f'import "elinkages/{module.stem}";' in (STATIC / "js" / "main.js").read_text()


# --- contrast, computed from the tokens

PAPERS = ("page", "surface", "raised", "sunken", "hover")
TEXT = [
    *((ink, paper) for ink in ("ink", "ink-soft", "accent") for paper in PAPERS),
    *((f"{tone}-ink", f"{tone}-tint") for tone in ("neutral", "info", "good", "warn", "bad")),
    *((f"{tone}-ink", paper) for tone in ("neutral", "info", "good", "warn", "bad") for paper in PAPERS),
    *(("ink", f"{tone}-tint") for tone in ("neutral", "info", "good", "warn", "bad", "accent")),
    *(("ink-soft", f"{tone}-tint") for tone in ("neutral", "info", "good", "warn", "bad", "accent")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad-fill"),
]
MARKS = [
    *(
        (f"source-{kind}", paper)
        for kind in ("client", "vcio", "influence", "peer", "vendor", "other")
        for paper in PAPERS
    ),
    *(("edge", paper) for paper in ("page", "surface", "raised")),
    *(("focus", paper) for paper in PAPERS),
    ("accent", "line"),
]


def _tokens() -> Iterator[tuple[str, tuple[str, str]]]:
    color = r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)"
    for name, *numbers in re.findall(rf"--([\w-]+): light-dark\({color}, {color}\);", TOKENS):
        yield name, (" ".join(numbers[:3]), " ".join(numbers[3:]))


def _luminance(triple: str) -> float:
    """Relative luminance (WCAG 2) of an OKLCH triple, clipped to what an sRGB screen can show."""
    lightness, chroma, hue = (float(number) for number in triple.split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long, medium, short = (
        (lightness / 100 + x * a + y * b) ** 3
        for x, y in ((0.3963377774, 0.2158037573), (-0.1055613458, -0.0638541728), (-0.0894841775, -1.291485548))
    )
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(first: str, second: str) -> float:
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_computed_right() -> None:
    assert _contrast("0 0 0", "100 0 0") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_can_be_read_on_every_paper_it_is_written_on(ink: str, paper: str, theme: int) -> None:
    colors = dict(_tokens())
    assert _contrast(colors[ink][theme], colors[paper][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "paper"), MARKS)
def test_marks_and_edges_of_controls_can_be_seen(mark: str, paper: str, theme: int) -> None:
    colors = dict(_tokens())
    assert _contrast(colors[mark][theme], colors[paper][theme]) >= 3
