"""The addresses of partners, by door; elinkages/urls puts them together.

The list of partners and a partner's page read the whole program, so their views live in elinkages.pages.
"""

from django.urls import URLPattern, URLResolver, path

from partners.views import dashboard as partner_views
from partners.views import invitation, people
from partners.views import portal as portal_views

dashboard: list[URLPattern | URLResolver] = [
    path("partners/new/", partner_views.new, name="partner-new"),
    path("partners/<uuid:partner_id>/edit/", partner_views.edit, name="partner-edit"),
    path("partners/<uuid:partner_id>/activation/", partner_views.activation, name="partner-activation"),
    path("partners/<uuid:partner_id>/suspension/", partner_views.suspension, name="partner-suspension"),
    path("partners/<uuid:partner_id>/reinstatement/", partner_views.reinstatement, name="partner-reinstatement"),
    path("partners/<uuid:partner_id>/parting/", partner_views.parting, name="partner-parting"),
    path("partners/<uuid:partner_id>/invitation/", people.invitation, name="partner-invitation"),
    path("partners/<uuid:partner_id>/people/new/", people.person_new, name="partner-person-new"),
    path("people/<uuid:contact_id>/", people.person_edit, name="partner-person"),
    path("people/<uuid:contact_id>/removal/", people.person_removal, name="partner-person-removal"),
    path(
        "partner-invitations/<uuid:invitation_id>/resending/",
        people.invitation_resending,
        name="partner-invitation-resending",
    ),
    path(
        "partner-invitations/<uuid:invitation_id>/revocation/",
        people.invitation_revocation,
        name="partner-invitation-revocation",
    ),
]

portal: list[URLPattern | URLResolver] = [path("profile/", portal_views.profile, name="profile")]

public: list[URLPattern | URLResolver] = [
    path("invitation/partner/<slug:slug>/<str:token>/", invitation.invitation, name="partner-invitation"),
]
