"""The addresses of integrations, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported
from integrations.listings import IMPORTS, OUTCOMES
from integrations.views import imports

dashboard: list[URLPattern | URLResolver] = [
    path("imports/", imports.import_list, name="import-list"),
    *lists_around(IMPORTS, "imports/"),
    exported(OUTCOMES, "imports/rows/"),
    path("imports/new/", imports.import_new, name="import-new"),
    path("imports/<uuid:import_id>/", imports.import_detail, name="import"),
    path("imports/<uuid:import_id>/columns/", imports.import_columns, name="import-columns"),
    path("imports/<uuid:import_id>/sheet/", imports.import_sheet, name="import-sheet"),
    path("imports/<uuid:import_id>/progress/", imports.import_progress, name="import-progress"),
    path("imports/<uuid:import_id>/start/", imports.import_start, name="import-start"),
    path("imports/<uuid:import_id>/discard/", imports.import_discard, name="import-discard"),
    path("imports/<uuid:import_id>/undo/", imports.import_undo, name="import-undo"),
    path("imports/<uuid:import_id>/not-imported.csv", imports.import_faults, name="import-faults"),
]

portal: list[URLPattern | URLResolver] = []

public: list[URLPattern | URLResolver] = []
