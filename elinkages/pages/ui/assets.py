"""Style sheets and modules: found once, linked by their hashed names."""

import json
from functools import cache
from pathlib import Path

from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STATIC = Path(__file__).resolve().parents[2] / "static"
_JSON_IN_HTML = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@cache
def address(name: str) -> str:
    """The address of a file by its hashed name."""
    return static(name)


@cache
def names(folder: str, suffix: str) -> tuple[str, ...]:
    """The files of a static folder in order of their names; the layers come first by theirs."""
    return tuple(sorted(path.name for path in (STATIC / folder).glob(f"*{suffix}")))


@cache
def style_links() -> SafeString:
    """One link per style sheet: each is cached for ever under its hashed name."""
    return format_html_join(
        "\n",
        '<link rel="stylesheet" href="{}">',
        ((address(f"css/{name}"),) for name in names("css", ".css")),
    )


def script_tags(nonce: object) -> SafeString:
    """The import map (`elinkages/toast-list` and so on) and the module that loads them."""
    text, start = _import_map()
    pass_on = format_html(' nonce="{}"', nonce) if nonce is not None else ""
    return format_html(
        '<script type="importmap"{}>{}</script>\n<script type="module"{} src="{}"></script>',
        pass_on,
        text,
        pass_on,
        start,
    )


@cache
def _import_map() -> tuple[SafeString, str]:
    """The import map as JSON, and the address of the module that starts the others."""
    table = {f"elinkages/{Path(name).stem}": address(f"js/{name}") for name in names("js", ".js")}
    return SafeString(json.dumps({"imports": table}).translate(_JSON_IN_HTML)), table["elinkages/main"]
