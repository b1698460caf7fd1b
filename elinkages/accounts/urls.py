"""The addresses of accounts, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.accounts.views import branding, domains, invitation, leaving, security, settings, team

dashboard: list[URLPattern | URLResolver] = [
    path("settings/", settings.settings, name="settings"),
    path("settings/edit/", settings.edit, name="settings-edit"),
    path("settings/approval-waiver/", settings.approval_waiver, name="approval-waiver"),
    path(
        "settings/approval-waiver/withdrawal/", settings.approval_waiver_withdrawal, name="approval-waiver-withdrawal"
    ),
    path("settings/branding/", branding.edit, name="branding"),
    path("settings/branding/logo/", branding.logo, name="branding-logo"),
    path("settings/branding/logo/removal/", branding.logo_removal, name="branding-logo-removal"),
    path("settings/branding/preview/", branding.preview, name="branding-preview"),
    path("settings/branding/preview.css", branding.preview_css, name="branding-preview-css"),
    path("settings/host-name/", domains.domain, name="domain"),
    path("settings/host-name/check/", domains.domain_check, name="domain-check"),
    path("settings/host-name/removal/", domains.domain_removal, name="domain-removal"),
    path("settings/team/", team.people, name="team"),
    path("settings/team/invitations/", team.invitation_list, name="team-invitation-list"),
    path(
        "settings/team/invitations/<uuid:invitation_id>/revocation/",
        team.invitation_revocation,
        name="team-invitation-revocation",
    ),
    path(
        "settings/team/invitations/<uuid:invitation_id>/resending/",
        team.invitation_resending,
        name="team-invitation-resending",
    ),
    path("settings/team/<uuid:member_id>/ownership/", leaving.ownership_offer, name="team-member-ownership"),
    path("settings/ownership/acceptance/", leaving.ownership_acceptance, name="ownership-acceptance"),
    path("settings/ownership/end/", leaving.ownership_end, name="ownership-end"),
    path("settings/leave/", leaving.leave, name="team-leave"),
    path("settings/closing/", leaving.msp_closing, name="msp-closing"),
    path("settings/closing/withdrawal/", leaving.msp_closing_withdrawal, name="msp-closing-withdrawal"),
    path("settings/second-factor/", settings.second_factor, name="settings-second-factor"),
    path("settings/team/<uuid:member_id>/role/", team.member_role, name="team-member-role"),
    path("settings/team/<uuid:member_id>/deactivation/", team.member_deactivation, name="team-member-deactivation"),
    path("settings/team/<uuid:member_id>/reactivation/", team.member_reactivation, name="team-member-reactivation"),
]

portal: list[URLPattern | URLResolver] = []

public: list[URLPattern | URLResolver] = [
    path("brand/<slug:slug>/brand.css", branding.brand_css, name="brand-css"),
    path("brand/<slug:slug>/logo.png", branding.brand_logo, name="brand-logo"),
    path("accounts/sessions/", security.session_list, name="session-list"),
    path("accounts/sessions/others/end/", security.session_end_others, name="session-end-others"),
    path("accounts/sessions/<uuid:session_id>/end/", security.session_end, name="session-end"),
    path("accounts/close/", security.close_account, name="close-account"),
    path("accounts/second-factor/", security.second_factor, name="second-factor"),
    path("accounts/go-on/<uuid:detour_id>/", security.go_on, name="go-on"),
    path("invitation/<slug:slug>/<str:token>/", invitation.invitation, name="team-invitation"),
]
