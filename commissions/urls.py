"""The addresses of commissions, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from commissions import payout_urls
from commissions.listings import BILLING, PLANS, RULES, UNCOVERED
from commissions.views import billing, clients, contracts, deals, plans, rules
from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported

dashboard: list[URLPattern | URLResolver] = [
    *payout_urls.dashboard,
    path("plans/", plans.plan_list, name="plan-list"),
    exported(PLANS, "plans/"),
    path("plans/new/", plans.plan_new, name="plan-new"),
    path("plans/preview/", plans.plan_preview, name="plan-preview"),
    path("plans/rules/", rules.rule_list, name="plan-rule-list"),
    exported(RULES, "plans/rules/"),
    path("plans/uncovered/", rules.uncovered_list, name="plan-uncovered"),
    *lists_around(UNCOVERED, "plans/uncovered/"),
    path("plans/rules/new/", rules.rule_new, name="plan-rule-new"),
    path("plans/rules/<uuid:rule_id>/end/", rules.rule_end, name="plan-rule-end"),
    path("plans/<uuid:plan_id>/", plans.plan, name="plan"),
    path("plans/<uuid:plan_id>/versions/new/", plans.plan_version_new, name="plan-version-new"),
    path("plans/<uuid:plan_id>/archival/", plans.plan_archival, name="plan-archival"),
    path("plans/<uuid:plan_id>/restoration/", plans.plan_restoration, name="plan-restoration"),
    path("referrals/<uuid:referral_id>/win/", deals.referral_win, name="referral-win"),
    path("referrals/<uuid:referral_id>/win/plans/", deals.referral_win_plans, name="referral-win-plans"),
    path("clients/<uuid:client_id>/", clients.client, name="client"),
    path("clients/<uuid:client_id>/leaving/", clients.client_leaving, name="client-leaving"),
    path("clients/<uuid:client_id>/return/", clients.client_return, name="client-return"),
    path("clients/<uuid:client_id>/contracts/new/", clients.contract_new, name="contract-new"),
    exported(BILLING, "clients/billing/"),
    path("clients/<uuid:client_id>/billing/", billing.client_billing, name="client-billing"),
    path("clients/<uuid:client_id>/billing/invoice/", billing.invoice_new, name="client-invoice-new"),
    path("clients/<uuid:client_id>/billing/payment/", billing.payment_new, name="client-payment-new"),
    path("clients/<uuid:client_id>/billing/credit-note/", billing.credit_note_new, name="client-credit-note-new"),
    path("clients/<uuid:client_id>/billing/refund/", billing.refund_new, name="client-refund-new"),
    path("billing/<uuid:fact_id>/taking-back/", billing.fact_void, name="billing-fact-void"),
    path("contracts/<uuid:contract_id>/movement/", contracts.contract_movement, name="contract-movement"),
    path(
        "contracts/<uuid:contract_id>/first-payment/", contracts.contract_first_payment, name="contract-first-payment"
    ),
    path("contracts/<uuid:contract_id>/end/", contracts.contract_end, name="contract-end"),
    path(
        "contracts/<uuid:contract_id>/reinstatement/", contracts.contract_reinstatement, name="contract-reinstatement"
    ),
    path("contracts/<uuid:contract_id>/plan/", contracts.contract_plan, name="contract-plan"),
]

portal: list[URLPattern | URLResolver] = [*payout_urls.portal]

public: list[URLPattern | URLResolver] = []
