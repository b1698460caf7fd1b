"""Rows of the demo to look at: one for every argument of an address, and one in every state with its own page."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from commissions.models import BillingFact, CreditApplication, Entry, Hold, Payout, PayoutRun, Plan, PlanRule
from elinkages.accounts.models import Invitation, Membership
from elinkages.lists.models import Change, Export, SavedView
from integrations.models import Import
from partners.models import (
    AgreementDraft,
    AgreementVersion,
    Application,
    Contact,
    JoinField,
    JoinPage,
    JoinRule,
    Partner,
    PartnerInvitation,
    Signature,
)
from referrals.models import (
    Case,
    Client,
    CommonKey,
    Contract,
    Finding,
    Flag,
    Referral,
    ReferralLink,
    ServiceLine,
    Split,
    SplitConsent,
    StatusLink,
)

STATES = {
    "partner": ("partner_id", "state"),
    "application": ("application_id", "state"),
    "referral": ("referral_id", "stage"),
    "case": ("case_id", "outcome"),
    "client": ("client_id", "state"),
    "entry": ("entry_id", "stage"),
    "payout-run": ("run_id", "state"),
    "payout": ("payout_id", "state"),
    "import": ("import_id", "state"),
}
"""The pages that differ by the state of their thing: the argument, and the column that says it."""


def one_of_each(firm: str | None) -> dict[str, UUID]:
    """A row for every argument, with a story where there is one; of one partner's rows where `firm` is named."""
    found = {argument: rows.first() for argument, rows in _rows(firm).items()}
    return {argument: row.pk for argument, row in found.items() if row is not None}


def in_every_state(firm: str | None) -> dict[str, dict[str, UUID]]:
    """Per page, a row in each state that it can be seen in."""
    rows = _rows(firm, best=False)
    return {
        page: {state or "open": pk for pk, state in rows[argument].order_by(column).values_list("pk", column)}
        for page, (argument, column) in STATES.items()
    }


def _rows(firm: str | None, *, best: bool = True) -> dict[str, QuerySet[Any]]:
    theirs: dict[str, Any] = {"partner__name": firm} if firm else {}
    credited: dict[str, Any] = {"credits__partner__name": firm} if firm else {}
    claimed: dict[str, Any] = {"claims__partner__name": firm} if firm else {}
    told: dict[str, Any] = {"stage": "won" if firm else "proposal"} if best else {}
    paid: dict[str, Any] = {"state": "paid"} if best else {}
    return {
        "partner_id": Partner.objects.filter(referrals__isnull=False) if best else Partner.objects.all(),
        "contact_id": Contact.objects.filter(**theirs),
        "partner-invitation:invitation_id": PartnerInvitation.objects.all(),
        "team-invitation:invitation_id": Invitation.objects.all(),
        "member_id": Membership.objects.exclude(role="owner"),
        "application_id": Application.objects.filter(**({"state": "waiting"} if best else {})),
        "join_page_id": JoinPage.objects.all(),
        "join_field_id": JoinField.objects.all(),
        "join_rule_id": JoinRule.objects.all(),
        "agreement_draft_id": AgreementDraft.objects.all(),
        "agreement_version_id": AgreementVersion.objects.all(),
        "credit_id": CreditApplication.objects.filter(**theirs, undone_at__isnull=True),
        "signature_id": Signature.objects.all(),
        "referral_id": Referral.objects.filter(**told, **credited),
        "finding_id": Finding.objects.all(),
        "common_key_id": CommonKey.objects.in_force(),
        "case_id": Case.objects.filter(**claimed),
        "consent_id": SplitConsent.objects.filter(**theirs),
        "split_id": Split.objects.all(),
        "flag_id": Flag.objects.all(),
        "link_id": ReferralLink.objects.all(),
        "status_link_id": StatusLink.objects.all(),
        "client_id": Client.objects.filter(contracts__isnull=False),
        "contract_id": Contract.objects.all(),
        "line_id": ServiceLine.objects.all(),
        "plan_id": Plan.objects.all(),
        "rule_id": PlanRule.objects.all(),
        "fact_id": BillingFact.objects.all(),
        "run_id": PayoutRun.objects.order_by("-number"),
        "payout_id": Payout.objects.filter(**paid, **theirs),
        "entry_id": Entry.objects.filter(**({"stage": "paid"} if best else {}), **theirs),
        "hold_id": Hold.objects.all(),
        "import_id": Import.objects.all(),
        "view_id": SavedView.objects.all(),
        "export_id": Export.objects.all(),
        "change_id": Change.objects.all(),
    }
