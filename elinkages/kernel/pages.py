"""Rendering: at once, inside the unit of work (a lazy response would see no rows)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a template (or `template#partial`) now. A form that failed is 422."""
    return HttpResponse(render_to_string(template, context or {}, request=request), status=status)
