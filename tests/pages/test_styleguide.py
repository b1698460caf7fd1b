"""The style guide, which shows every component, can be seen by those who build the house only."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from elinkages.pages.views.styleguide import styleguide


def _request() -> HttpRequest:
    request = RequestFactory().get("/styleguide/")
    request.user = AnonymousUser()
    return request


def test_the_style_guide_shows_every_component_without_anything_inline(settings: Any) -> None:
    settings.DEMO = True
    html = styleguide(_request()).content.decode()
    for part in ("board-card", "statement", "explain", "steps", "toast-list", "row-link", 'class="chart"'):
        assert part in html
    assert "style=" not in html


def test_the_style_guide_is_closed_where_customers_are(settings: Any) -> None:
    settings.DEMO = settings.DEBUG = False
    with pytest.raises(Http404):
        styleguide(_request())
