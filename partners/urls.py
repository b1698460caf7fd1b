"""The addresses of partners, by door; elinkages/urls puts them together.

The list of partners and a partner's page read the whole program, so their views live in elinkages.pages.
"""

from django.urls import URLPattern, URLResolver, path

from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported
from partners.listings import APPLICATIONS, QUESTIONS, RULES, SIGNED, VERSIONS
from partners.views import address, agreements, applications, arrival, invitation, join, join_page, people
from partners.views import dashboard as partner_views
from partners.views import portal as portal_views

dashboard: list[URLPattern | URLResolver] = [
    path("partners/new/", partner_views.new, name="partner-new"),
    path("partners/applications/", applications.application_list, name="application-list"),
    *lists_around(APPLICATIONS, "partners/applications/"),
    path("partners/applications/<uuid:application_id>/", applications.application, name="application"),
    path("partners/applications/<uuid:application_id>/approval/", applications.approval, name="application-approval"),
    path("partners/applications/<uuid:application_id>/decline/", applications.decline, name="application-decline"),
    path(
        "partners/applications/<uuid:application_id>/assignment/",
        applications.assignment,
        name="application-assignment",
    ),
    path("partners/join-page/", join_page.join_page, name="join-page"),
    exported(QUESTIONS, "partners/join-page/questions/"),
    exported(RULES, "partners/join-page/rules/"),
    path("partners/join-page/setting-up/", join_page.setting_up, name="join-page-setting-up"),
    path("partners/join-page/kinds/<uuid:join_page_id>/", join_page.welcome, name="join-page-welcome"),
    path("partners/join-page/kinds/<uuid:join_page_id>/opening/", join_page.opening, name="join-page-opening"),
    path("partners/join-page/kinds/<uuid:join_page_id>/closing/", join_page.closing, name="join-page-closing"),
    path("partners/join-page/questions/new/", join_page.field_new, name="join-field-new"),
    path("partners/join-page/questions/<uuid:join_field_id>/", join_page.field_edit, name="join-field"),
    path("partners/join-page/questions/<uuid:join_field_id>/move/", join_page.field_move, name="join-field-move"),
    path(
        "partners/join-page/questions/<uuid:join_field_id>/removal/", join_page.field_removal, name="join-field-removal"
    ),
    path(
        "partners/join-page/questions/<uuid:join_field_id>/restoring/",
        join_page.field_restoring,
        name="join-field-restoring",
    ),
    path("partners/join-page/rules/new/", join_page.rule_new, name="join-rule-new"),
    path("partners/join-page/rules/<uuid:join_rule_id>/move/", join_page.rule_move, name="join-rule-move"),
    path("partners/join-page/rules/<uuid:join_rule_id>/removal/", join_page.rule_removal, name="join-rule-removal"),
    path("partners/agreement/", agreements.agreement_list, name="agreement-list"),
    exported(VERSIONS, "partners/agreement/"),
    exported(SIGNED, "partners/agreement/signatures/"),
    path("partners/agreement/drafts/new/", agreements.draft_new, name="agreement-draft-new"),
    path("partners/agreement/drafts/<uuid:agreement_draft_id>/", agreements.draft, name="agreement-draft"),
    path(
        "partners/agreement/drafts/<uuid:agreement_draft_id>/publication/",
        agreements.publication,
        name="agreement-publication",
    ),
    path(
        "partners/agreement/drafts/<uuid:agreement_draft_id>/discarding/",
        agreements.discarding,
        name="agreement-discarding",
    ),
    path(
        "partners/agreement/versions/<uuid:agreement_version_id>/",
        agreements.version_page,
        name="agreement-version",
    ),
    path(
        "partners/agreement/versions/<uuid:agreement_version_id>/withdrawal/",
        agreements.withdrawal,
        name="agreement-withdrawal",
    ),
    path("partners/agreement/signatures/<uuid:signature_id>/copy/", agreements.signed_copy, name="agreement-copy"),
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

portal: list[URLPattern | URLResolver] = [
    path("profile/", portal_views.profile, name="profile"),
    path("profile/address/forgetting/", portal_views.address_forgetting, name="address-forgetting"),
    path("profile/colleagues/new/", portal_views.colleague_new, name="colleague-new"),
    path("arrival/", arrival.departure, name="departure"),
]

public: list[URLPattern | URLResolver] = [
    path("arrival/<str:token>/", arrival.arrival, name="arrival"),
    path("address/<slug:slug>/<str:token>/", address.address_confirmation, name="address-confirmation"),
    path("join/<slug:slug>/", join.join, name="join"),
    path("join/<slug:slug>/sent/", join.join_sent, name="join-sent"),
    path("join/<slug:slug>/confirmation/<str:token>/", join.join_confirmation, name="join-confirmation"),
    path("join/<slug:slug>/<slug:kind>/", join.join_kind, name="join-kind"),
    path("invitation/partner/<slug:slug>/<str:token>/", invitation.invitation, name="partner-invitation"),
]
