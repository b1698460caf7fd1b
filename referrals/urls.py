"""The addresses of referrals, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported
from referrals.listings import CASES, CLIENTS, COMMON_KEYS, LINKS, REFERRALS, SERVICE_LINES, WINDOWS
from referrals.views import (
    cases,
    clients,
    common_keys,
    credit,
    lists,
    portal_credit,
    registration,
    service_lines,
    sharing,
    standing,
)
from referrals.views import portal as portal_views
from referrals.views import public as public_views
from referrals.views import referrals as referral_views

dashboard: list[URLPattern | URLResolver] = [
    path("referrals/", lists.referral_list, name="referral-list"),
    *lists_around(REFERRALS, "referrals/"),
    path("referrals/board/", lists.board, name="referral-board"),
    path("referrals/new/", registration.new, name="referral-new"),
    path("referrals/new/partners/", registration.partner_choices, name="referral-partner-choices"),
    path("referrals/new/duplicates/", registration.duplicates, name="referral-duplicates"),
    path("referrals/<uuid:referral_id>/", referral_views.detail, name="referral"),
    path("referrals/<uuid:referral_id>/stage/", referral_views.stage, name="referral-stage"),
    path("referrals/<uuid:referral_id>/loss/", referral_views.loss, name="referral-loss"),
    path("referrals/<uuid:referral_id>/reopening/", referral_views.reopening, name="referral-reopening"),
    path("referrals/<uuid:referral_id>/touch/", referral_views.touch, name="referral-touch"),
    path("referrals/<uuid:referral_id>/next-action/", referral_views.next_action, name="referral-next-action"),
    path("referrals/<uuid:referral_id>/credit/", credit.credit, name="referral-credit"),
    path("referrals/<uuid:referral_id>/credit/sum/", credit.credit_sum, name="referral-credit-sum"),
    path("findings/<uuid:finding_id>/decision/", credit.finding_decision, name="finding-decision"),
    path("referrals/<uuid:referral_id>/protection/", standing.extension, name="referral-extension"),
    path("referrals/<uuid:referral_id>/case/", cases.case_new, name="case-new"),
    path("flags/<uuid:flag_id>/release/", standing.flag_release, name="flag-release"),
    path("referrals/<uuid:referral_id>/withholding/", standing.withholding, name="referral-withholding"),
    path("referrals/<uuid:referral_id>/giving-back/", standing.giving_back, name="referral-giving-back"),
    path("splits/<uuid:split_id>/withdrawal/", standing.split_withdrawal, name="split-withdrawal"),
    path("consents/<uuid:consent_id>/answer/", standing.consent_answer, name="consent-answer"),
    path("cases/", cases.case_list, name="case-list"),
    *lists_around(CASES, "cases/"),
    path("cases/<uuid:case_id>/", cases.case_page, name="case"),
    path("cases/<uuid:case_id>/notes/", cases.case_note, name="case-note"),
    path("cases/<uuid:case_id>/deadline/", cases.case_deadline, name="case-deadline"),
    path("cases/<uuid:case_id>/decision/", cases.case_decision, name="case-decision"),
    path("settings/protection/", standing.windows, name="protection"),
    exported(WINDOWS, "settings/protection/"),
    path("settings/protection/edit/", standing.windows_edit, name="protection-edit"),
    path("settings/shared-keys/", common_keys.every, name="common-keys"),
    exported(COMMON_KEYS, "settings/shared-keys/"),
    path("settings/shared-keys/new/", common_keys.new, name="common-key-new"),
    path("settings/shared-keys/<uuid:common_key_id>/return/", common_keys.taking_back, name="common-key-return"),
    path("settings/referral-page/", sharing.referral_page, name="referral-page"),
    path("settings/referral-page/edit/", sharing.referral_page_edit, name="referral-page-edit"),
    path("referrals/links/", sharing.link_list, name="link-list"),
    *lists_around(LINKS, "referrals/links/"),
    path("referrals/links/new/", sharing.link_new, name="link-new"),
    path("referrals/<uuid:referral_id>/status-link/", sharing.status_link_new, name="status-link-new"),
    path(
        "status-links/<uuid:status_link_id>/revocation/", sharing.status_link_revocation, name="status-link-revocation"
    ),
    path("clients/", clients.client_list, name="client-list"),
    *lists_around(CLIENTS, "clients/"),
    path("clients/new/", clients.client_new, name="client-new"),
    path("settings/service-lines/", service_lines.every, name="service-lines"),
    exported(SERVICE_LINES, "settings/service-lines/"),
    path("settings/service-lines/new/", service_lines.new, name="service-line-new"),
    path("settings/service-lines/<uuid:line_id>/", service_lines.rename, name="service-line"),
    path("settings/service-lines/<uuid:line_id>/archiving/", service_lines.archiving, name="service-line-archiving"),
    path("settings/service-lines/<uuid:line_id>/restoring/", service_lines.restoring, name="service-line-restoring"),
]

portal: list[URLPattern | URLResolver] = [
    path("refer/", portal_views.new, name="referral-new"),
    path("referrals/", portal_views.referral_list, name="referral-list"),
    path("referrals/export/", portal_views.referral_export, name="referral-export"),
    path("referrals/<uuid:referral_id>/", portal_views.detail, name="referral"),
    path("referrals/<uuid:referral_id>/thanks/", portal_views.thanks, name="referral-thanks"),
    path("referrals/<uuid:referral_id>/contest/", portal_credit.contest, name="referral-contest"),
    path("link/", sharing.my_link, name="link"),
    path("link/qr.svg", sharing.my_link_qr, name="link-qr"),
    path("credit/", portal_credit.questions, name="credit-questions"),
    path("credit/consents/<uuid:consent_id>/", portal_credit.consent, name="credit-consent"),
    path("credit/cases/<uuid:case_id>/", portal_credit.case_page, name="case"),
]

public: list[URLPattern | URLResolver] = [
    path("refer/<slug:slug>/", public_views.refer, name="refer"),
    path("refer/<slug:slug>/sent/", public_views.refer_sent, name="refer-sent"),
    path("refer/<slug:slug>/confirmation/<str:token>/", public_views.refer_confirmation, name="refer-confirmation"),
    path("refer/<slug:slug>/<slug:code>/", public_views.refer_link, name="refer-link"),
    path("refer/<slug:slug>/<slug:code>/qr.svg", public_views.refer_qr, name="refer-qr"),
    path("status/<slug:slug>/<str:token>/", public_views.status, name="status"),
]
