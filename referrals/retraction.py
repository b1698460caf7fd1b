"""Taking back introductions and clients that were never meant to be, as those of a spreadsheet brought by mistake.

Nothing is erased, because its history is append-only: what is retracted is closed, earns nobody anything, and is no
longer found when others are screened. Nobody is written to.
"""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from referrals import attribution, clients, decisions, screening
from referrals.models import (
    Client,
    ClientState,
    Contract,
    Finding,
    FindingState,
    LostReason,
    MatchKeys,
    Referral,
    Stage,
    StageMove,
)


class StillInUse(Refused):
    """Something else stands on what should be taken back."""


def standing() -> QuerySet[Referral]:
    """Introductions that were not taken back: those that a key finds."""
    found: QuerySet[Referral] = Referral.objects.exclude(stage=Stage.LOST, match_keys__isnull=True)
    return found


def standing_by(*, companies: Collection[str], external_ids: Collection[str]) -> list[Referral]:
    """Those of them with one of these keys of companies or ids elsewhere, the oldest first, with their partners."""
    wanted = {"companies": json.dumps(list(companies)), "external_ids": json.dumps(list(external_ids))}
    with connection.cursor() as cursor:
        cursor.execute(_BY, {**wanted, "msp": current_msp_id()})
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(standing().filter(pk__any_of=ids).select_related("partner").order_by("pk")) if ids else []


# Each key is looked up by itself: asked for all at once, Postgres guesses until rows are counted that a thousand keys
# are everything that the MSP has, and reads it all. They travel as JSON, because a list costs psycopg more than this.
_BY: Final = """
SELECT met.id FROM json_array_elements_text(%(companies)s) AS wanted (key), LATERAL (
    SELECT r.id FROM referrals_referral r WHERE r.msp_id = %(msp)s AND r.company_key = wanted.key OFFSET 0) met
UNION SELECT met.id FROM json_array_elements_text(%(external_ids)s) AS wanted (key), LATERAL (
    SELECT r.id FROM referrals_referral r
    WHERE r.msp_id = %(msp)s AND r.external_id = wanted.key AND r.external_id <> '' OFFSET 0) met
"""


def standing_clients() -> QuerySet[Client]:
    """Clients that were not taken back."""
    found: QuerySet[Client] = Client.objects.exclude(state=ClientState.LEFT, match_keys__isnull=True)
    return found


def retract_client(client: Client, *, reason: str, by: Actor, at: datetime) -> Client:
    """End a client and all of its contracts on their first days: as if there had been no day of service."""
    screening.one_at_a_time()
    now = Client.objects.get(pk=client.pk)
    if now.state == ClientState.ACTIVE:
        now = clients.leave(now, on=now.since_on, reason=reason, by=by, at=at)
    MatchKeys.objects.filter(client=now).delete()
    for finding in Finding.objects.filter(other_client=now, state=FindingState.OPEN).select_related("referral"):
        decisions.decide(finding, state=FindingState.DIFFERENT, note=reason, by=by, at=at)
    trail.record("client.retracted", now, by=by, at=at, reason=reason)
    return now


def retract(referral: Referral, *, reason: str, by: Actor, at: datetime) -> Referral:
    """Close an introduction, whatever its stage, and take its credit back. What it kept waiting is decided.

    Raises StillInUse while a client that came of it has service, attribution.Contested while a case about it is open.
    """
    screening.one_at_a_time()
    now = Referral.objects.select_for_update(of=("self",)).select_related("partner").get(pk=referral.pk)
    for contract in Contract.objects.filter(client__referral=now).select_related("client"):
        if contract.ends_on is None or contract.ends_on > contract.starts_on:
            raise StillInUse(f"{contract.client.name} is a client because of it.")
    attribution.refuse_contested(now)
    now.credits.all().delete()
    MatchKeys.objects.filter(referral=now).delete()
    before = now.stage
    fields = {"stage": Stage.LOST, "stage_at": max(at, now.stage_at), "lost_reason": LostReason.OTHER}
    fields |= {"lost_note": reason[:300], "next_action": "", "next_action_on": None, "credit_waits": False}
    Referral.objects.filter(pk=now.pk).update(**fields)
    if before != Stage.LOST:
        StageMove.objects.create(
            referral=now, from_stage=before, to_stage=Stage.LOST, at=at, by_name=by.actor_name[:200], reason=reason
        )
    trail.record("referral.retracted", now, by=by, at=at, reason=reason)
    # Its own matches need no decision any more; those of others must not wait for it.
    now.findings.filter(state=FindingState.OPEN).delete()
    now.flags.waiting().delete()
    for finding in Finding.objects.filter(other_referral=now, state=FindingState.OPEN).select_related("referral"):
        decisions.decide(finding, state=FindingState.DIFFERENT, note=reason, by=by, at=at)
    return Referral.objects.get(pk=now.pk)
