"""The addresses of what was earned and what is paid."""

from django.urls import URLPattern, URLResolver, path

from commissions.listings import CREDIT_APPLICATIONS, ENTRIES, NEXT_RUN, PAYOUTS, RUNS
from commissions.views import (
    earnings,
    explain,
    holds,
    payout_runs,
    payouts,
    portal_statements,
    service_credits,
    statements,
)
from commissions.views import portal as portal_views
from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported

dashboard: list[URLPattern | URLResolver] = [
    path("commissions/", earnings.commission_list, name="commission-list"),
    *lists_around(ENTRIES, "commissions/"),
    path("commissions/<uuid:entry_id>/", explain.entry_page, name="entry"),
    path("commissions/holds/new/", holds.hold_new, name="hold-new"),
    path("commissions/holds/<uuid:hold_id>/lifting/", holds.hold_lifting, name="hold-lifting"),
    path("payouts/", payout_runs.run_list, name="payout-run-list"),
    exported(NEXT_RUN, "payouts/"),
    path("payouts/all/", earnings.payout_list, name="payout-list"),
    *lists_around(PAYOUTS, "payouts/all/"),
    path("payouts/runs/", earnings.run_list, name="run-list"),
    *lists_around(RUNS, "payouts/runs/"),
    path("payouts/runs/new/", payout_runs.run_new, name="payout-run-new"),
    path("payouts/runs/<uuid:run_id>/", payout_runs.run_detail, name="payout-run"),
    path("payouts/runs/<uuid:run_id>/approval/", payout_runs.run_approval, name="payout-run-approval"),
    path("payouts/runs/<uuid:run_id>/release/", payout_runs.run_release, name="payout-run-release"),
    path("payouts/runs/<uuid:run_id>/cancellation/", payout_runs.run_cancellation, name="payout-run-cancellation"),
    path("payouts/runs/<uuid:run_id>/settlement/", payout_runs.run_settlement, name="payout-run-settlement"),
    path("payouts/runs/<uuid:run_id>/file/", payout_runs.run_file, name="payout-run-file"),
    path("payouts/runs/<uuid:run_id>/statements/", payout_runs.run_statements, name="payout-run-statements"),
    path("payouts/<uuid:payout_id>/", payouts.payout_detail, name="payout"),
    path("payouts/<uuid:payout_id>/settlement/", payouts.payout_settlement, name="payout-settlement"),
    path("payouts/<uuid:payout_id>/failure/", payouts.payout_failure, name="payout-failure"),
    path("payouts/<uuid:payout_id>/return/", payouts.payout_return, name="payout-return"),
    path("payouts/<uuid:payout_id>/cancellation/", payouts.payout_cancellation, name="payout-cancellation"),
    path("payouts/<uuid:payout_id>/statement/", statements.statement_page, name="statement"),
    path("payouts/<uuid:payout_id>/statement.pdf", statements.statement_pdf, name="statement-pdf"),
    path("payouts/<uuid:payout_id>/statement.csv", statements.statement_csv, name="statement-csv"),
    path("payouts/credit/", service_credits.credit_overview, name="service-credit"),
    path("payouts/credit/applied/", service_credits.application_list, name="credit-application-list"),
    *lists_around(CREDIT_APPLICATIONS, "payouts/credit/applied/"),
    path("payouts/credit/applied/<uuid:credit_id>/undoing/", service_credits.credit_undo, name="credit-undo"),
    path("partners/<uuid:partner_id>/credit/", service_credits.partner_credit, name="partner-credit"),
    path("partners/<uuid:partner_id>/credit/new/", service_credits.credit_apply, name="credit-apply"),
    path("partners/<uuid:partner_id>/statements/", statements.partner_statements, name="partner-statements"),
    path("partners/<uuid:partner_id>/statements/month/", statements.month_page, name="month-statement"),
    path("partners/<uuid:partner_id>/statements/month.pdf", statements.month_as_pdf, name="month-statement-pdf"),
    path("partners/<uuid:partner_id>/statements/month.csv", statements.month_as_csv, name="month-statement-csv"),
]

portal: list[URLPattern | URLResolver] = [
    path("earnings/", portal_views.earnings_page, name="earnings"),
    path("earnings/export/", portal_views.earnings_export, name="earnings-export"),
    path("earnings/<uuid:entry_id>/", portal_views.entry_page, name="entry"),
    path("service-credit/", service_credits.portal_credit, name="service-credit"),
    path("statements/", portal_statements.statement_list, name="statement-list"),
    path("statements/export/", portal_statements.statement_export, name="statement-export"),
    path("statements/month/", portal_statements.month_page, name="month-statement"),
    path("statements/month.pdf", portal_statements.month_as_pdf, name="month-statement-pdf"),
    path("statements/month.csv", portal_statements.month_as_csv, name="month-statement-csv"),
    path("statements/<uuid:payout_id>/", portal_statements.statement_page, name="statement"),
    path("statements/<uuid:payout_id>/statement.pdf", portal_statements.statement_pdf, name="statement-pdf"),
    path("statements/<uuid:payout_id>/statement.csv", portal_statements.statement_csv, name="statement-csv"),
]
