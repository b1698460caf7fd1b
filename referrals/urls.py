"""The addresses of referrals, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.lists.urls import around as lists_around
from referrals.listings import CLIENTS, REFERRALS
from referrals.views import clients, credit, lists, registration, service_lines
from referrals.views import portal as portal_views
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
    path("clients/", clients.client_list, name="client-list"),
    *lists_around(CLIENTS, "clients/"),
    path("clients/new/", clients.client_new, name="client-new"),
    path("settings/service-lines/", service_lines.every, name="service-lines"),
    path("settings/service-lines/new/", service_lines.new, name="service-line-new"),
    path("settings/service-lines/<uuid:line_id>/", service_lines.rename, name="service-line"),
    path("settings/service-lines/<uuid:line_id>/archiving/", service_lines.archiving, name="service-line-archiving"),
    path("settings/service-lines/<uuid:line_id>/restoring/", service_lines.restoring, name="service-line-restoring"),
]

portal: list[URLPattern | URLResolver] = [
    path("refer/", portal_views.new, name="referral-new"),
    path("referrals/", portal_views.referral_list, name="referral-list"),
    path("referrals/<uuid:referral_id>/", portal_views.detail, name="referral"),
    path("referrals/<uuid:referral_id>/thanks/", portal_views.thanks, name="referral-thanks"),
]

public: list[URLPattern | URLResolver] = []
