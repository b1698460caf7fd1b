"""The addresses of pages, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.pages.views import health
from elinkages.pages.views import public as public_site
from elinkages.pages.views.styleguide import styleguide

dashboard: list[URLPattern | URLResolver] = []

portal: list[URLPattern | URLResolver] = []

public: list[URLPattern | URLResolver] = [
    path("", public_site.home, name="home"),
    path("styleguide/", styleguide, name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
]
