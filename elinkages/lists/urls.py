"""The addresses around lists; those of one list are made by `around` or `exported`, beside its page's."""

from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_POST

from elinkages.accounts.access import dashboard as opened_to
from elinkages.lists.listing import Listing
from elinkages.lists.views import changes, exports, saved
from elinkages.lists.wanted import Bundle


def around(listing: Listing, base: str) -> list[URLPattern | URLResolver]:
    """Saving a view, exporting, and every action, below the address of the list's page."""
    name = listing.name
    guard = opened_to(can=listing.right)
    return [
        path(f"{base}views/new/", guard(lambda request: saved.view_new(request, listing)), name=f"{name}-view-new"),
        path(
            f"{base}export/",
            guard(require_POST(lambda request: exports.export_new(request, listing))),
            name=f"{name}-export",
        ),
        *(
            path(f"{base}many/{action.name}/", changes.opened(listing, action), name=f"{name}-{action.name}")
            for action in listing.actions
        ),
    ]


def exported(bundle: Bundle, base: str) -> URLPattern:
    """Exporting what has a page of its own making, below the address of that page."""
    guard = opened_to(can=bundle.right)
    return path(
        f"{base}export/",
        guard(require_POST(lambda request: exports.bundle_export(request, bundle))),
        name=f"{bundle.name}-export",
    )


dashboard: list[URLPattern | URLResolver] = [
    path("views/<uuid:view_id>/", saved.view_edit, name="view"),
    path("views/<uuid:view_id>/deletion/", saved.view_deletion, name="view-deletion"),
    path("exports/", exports.export_list, name="export-list"),
    path("exports/<uuid:export_id>/", exports.export_detail, name="export"),
    path("exports/<uuid:export_id>/progress/", exports.export_progress, name="export-progress"),
    path("exports/<uuid:export_id>/file/", exports.export_file, name="export-file"),
    path("changes/<uuid:change_id>/", changes.change_detail, name="change"),
    path("changes/<uuid:change_id>/progress/", changes.change_progress, name="change-progress"),
    path("changes/<uuid:change_id>/undo/", changes.change_undo, name="change-undo"),
]

portal: list[URLPattern | URLResolver] = []

public: list[URLPattern | URLResolver] = []
