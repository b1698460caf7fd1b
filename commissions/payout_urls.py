"""The addresses of what was earned and what is paid."""

from django.urls import URLPattern, URLResolver, path

from commissions.listings import ENTRIES, PAYOUTS
from commissions.views import earnings, explain, holds, payout_runs, payouts, statements
from commissions.views import portal as portal_views
from elinkages.lists.urls import around as lists_around

dashboard: list[URLPattern | URLResolver] = [
    path("commissions/", earnings.commission_list, name="commission-list"),
    *lists_around(ENTRIES, "commissions/"),
    path("commissions/<uuid:entry_id>/", explain.entry_page, name="entry"),
    path("commissions/holds/new/", holds.hold_new, name="hold-new"),
    path("commissions/holds/<uuid:hold_id>/lifting/", holds.hold_lifting, name="hold-lifting"),
    path("payouts/", payout_runs.run_list, name="payout-run-list"),
    path("payouts/all/", earnings.payout_list, name="payout-list"),
    *lists_around(PAYOUTS, "payouts/all/"),
    path("payouts/runs/new/", payout_runs.run_new, name="payout-run-new"),
    path("payouts/runs/<uuid:run_id>/", payout_runs.run_detail, name="payout-run"),
    path("payouts/runs/<uuid:run_id>/approval/", payout_runs.run_approval, name="payout-run-approval"),
    path("payouts/runs/<uuid:run_id>/release/", payout_runs.run_release, name="payout-run-release"),
    path("payouts/runs/<uuid:run_id>/cancellation/", payout_runs.run_cancellation, name="payout-run-cancellation"),
    path("payouts/runs/<uuid:run_id>/settlement/", payout_runs.run_settlement, name="payout-run-settlement"),
    path("payouts/runs/<uuid:run_id>/file/", payout_runs.run_file, name="payout-run-file"),
    path("payouts/<uuid:payout_id>/", payouts.payout_detail, name="payout"),
    path("payouts/<uuid:payout_id>/settlement/", payouts.payout_settlement, name="payout-settlement"),
    path("payouts/<uuid:payout_id>/failure/", payouts.payout_failure, name="payout-failure"),
    path("payouts/<uuid:payout_id>/return/", payouts.payout_return, name="payout-return"),
    path("payouts/<uuid:payout_id>/cancellation/", payouts.payout_cancellation, name="payout-cancellation"),
    path("payouts/<uuid:payout_id>/statement/", statements.statement_page, name="statement"),
]

portal: list[URLPattern | URLResolver] = [
    path("earnings/", portal_views.earnings_page, name="earnings"),
    path("earnings/<uuid:entry_id>/", portal_views.entry_page, name="entry"),
    path("statements/", portal_views.statement_list, name="statement-list"),
    path("statements/<uuid:payout_id>/", portal_views.statement_page, name="statement"),
]
