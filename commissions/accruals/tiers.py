"""Where contracts stand among all that their partner brought (ADR 24).

A partner's *family* is every contract of the clients that the partner introduced, in the order they were won:
by the day, then by when the introduction was registered. Standings are computed from the family alone, so they are the
same in whatever order things were recorded. What a contract was told about its standing is part of its hash.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from commissions.accruals import billing
from commissions.accruals.deals import as_deal
from commissions.accruals.scan import Due
from commissions.engine import Deal, Standing, add_months, collected_in, month_of, mrr_in, standings, tier_period
from commissions.terms import Terms, Tiered, components
from elinkages.kernel.tenancy import current_msp_id

OPEN: Final = date.max


class Rank(NamedTuple):
    """A standing, and the day on which it has to be looked at again: the end of a period that is not over yet."""

    standing: Standing
    recompute_on: date | None


class Limit(NamedTuple):
    """What the cap of the year leaves a partner of an amount, in minor units."""

    minor: int
    cap_minor: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Contracts of a month with their hashes made whole, and where those under tiers stand, month by month.

    `limits` are what a cap of the year lowered, by contract and component and partner (`caps.place`).
    """

    due: list[Due]
    families: "dict[UUID, Family]" = field(default_factory=dict)
    today: date = OPEN
    limits: "dict[tuple[UUID, str], dict[UUID, Limit]]" = field(default_factory=dict)

    @property
    def changed(self) -> list[Due]:
        """The contracts whose newest pool was computed from something else."""
        return [row for row in self.due if row.is_changed]

    def rank(self, contract_id: UUID, terms: Tiered, month: date) -> Rank | None:
        """Where a contract stands for a month; None when nobody introduced its client."""
        family = self.families.get(contract_id)
        return family.rank(contract_id, terms, month, self.today) if family else None


class Member(NamedTuple):
    """A contract of a family."""

    contract_id: UUID
    client_id: UUID
    won_on: date
    deal: Deal


@dataclass
class Family:
    """What one partner brought, in order; `since` is the day from which the partner's years are counted."""

    since: date
    members: list[Member]
    _collected: dict[tuple[Any, ...], dict[UUID, Deal]] = field(default_factory=dict, init=False)

    @cached_property
    def of_contract(self) -> dict[UUID, Member]:
        """The members by contract."""
        return {member.contract_id: member for member in self.members}

    @cached_property
    def order(self) -> dict[UUID, int]:
        """The place of each contract among them."""
        return {member.contract_id: number for number, member in enumerate(self.members)}

    @cached_property
    def invoices(self) -> billing.Invoices:
        """The invoices of all of them."""
        return billing.load([member.contract_id for member in self.members])

    @cached_property
    def clients_won(self) -> dict[UUID, date]:
        """The day each client was won, in order: that of its first contract."""
        found: dict[UUID, date] = {}
        for member in self.members:
            found.setdefault(member.client_id, member.won_on)
        return found

    def with_deal(self, contract_id: UUID, deal: Deal) -> "Family":
        """The family with one of its contracts as it would be."""
        changed = [one._replace(deal=deal) if one.contract_id == contract_id else one for one in self.members]
        return Family(self.since, changed)

    def rank(self, contract_id: UUID, terms: Tiered, month: date, today: date) -> Rank:
        """Where a contract stands for an earning month under tiers, as far as is known today."""
        if terms.tier_base == "active_mrr":
            return self._active(contract_id, terms, month)
        if terms.tier_base == "collected":
            return self._so_far(contract_id, terms, month, today)
        return self._won(contract_id, terms, month, today)

    def _won(self, contract_id: UUID, terms: Tiered, month: date, today: date) -> Rank:
        """By wins or new MRR. A place among wins is for good; only a whole rate that floats follows the month."""
        member = self.of_contract[contract_id]
        own = self.clients_won[member.client_id] if terms.tier_base == "wins" else member.won_on
        follows = terms.mode == "whole" and terms.rate == "floating"
        first, until = self._period(terms, month if follows else own)
        is_over = until is not None and until <= today
        known = (until or OPEN) if is_over or terms.mode == "marginal" else min(until or OPEN, add_months(month, 1))
        sizes = self._sizes_won(terms, first, known)
        standing = standings(sizes).get(member.client_id if terms.tier_base == "wins" else contract_id)
        total = sum(size for _, size in sizes)
        if terms.mode == "marginal":
            before = standing.before if standing else 0
            return Rank(Standing(before, before), None)
        return Rank(Standing(0, total), None if is_over else until)

    def _sizes_won(self, terms: Tiered, first: date, until: date) -> list[tuple[UUID, int]]:
        if terms.tier_base == "wins":
            return [(client, 1) for client, day in self.clients_won.items() if first <= day < until]
        return [
            (member.contract_id, member.deal.mrr_minor) for member in self.members if first <= member.won_on < until
        ]

    def _active(self, contract_id: UUID, terms: Tiered, month: date) -> Rank:
        """By what is active in the month; a locked rate is that of the month of the win."""
        if terms.rate == "locked":
            month = month_of(self.of_contract[contract_id].won_on)
        sizes = [(member.contract_id, mrr_in(member.deal, month)) for member in self.members]
        standing = standings(sizes)[contract_id]
        return Rank(Standing(0, standing.total) if terms.mode == "whole" else standing, None)

    def _so_far(self, contract_id: UUID, terms: Tiered, month: date, today: date) -> Rank:
        """By what was collected in the period, for the months up to this one and in the order of the wins."""
        first, until = self._period(terms, month)
        deals = self._with_receipts(terms)
        first_month = first if first.day == 1 else add_months(month_of(first), 1)
        is_over = until is not None and until <= today
        last = month
        if until is not None and is_over and terms.mode == "whole":
            last = month_of(until - timedelta(days=1))
        before = total = 0
        for member in self.members:
            for one, minor in collected_in(deals[member.contract_id], first_month, last).items():
                total += minor
                if one < month or (one == month and self.order[member.contract_id] < self.order[contract_id]):
                    before += minor
        if terms.mode == "marginal":
            return Rank(Standing(before, before), None)
        return Rank(Standing(0, total), None if is_over else until)

    def _period(self, terms: Tiered, day: date) -> tuple[date, date | None]:
        """The period of the tiers that a day is in; without a reset everything the partner ever brought."""
        return (date.min, None) if terms.reset == "never" else tier_period(terms.reset, day, self.since)

    def _with_receipts(self, terms: Tiered) -> dict[UUID, Deal]:
        key = (terms.counts, terms.only_lines, terms.except_lines)
        if key not in self._collected:
            self._collected[key] = {
                member.contract_id: billing.with_receipts(
                    member.deal, terms, member.contract_id, self.invoices.get(member.contract_id, ())
                )
                for member in self.members
            }
        return self._collected[key]


def place(due: Sequence[Due], month: date, *, today: date, versions: dict[UUID, Terms]) -> Placed:
    """The contracts of a month with what they stand for; those without tiers as they are."""
    under_tiers = [row for row in due if row.is_tiered and row.version_id]
    if not under_tiers:
        return Placed(list(due), {}, today)
    found = Placed([], families_of([row.contract_id for row in under_tiers]), today)
    for row in due:
        tiered = _tiered(versions[row.version_id]) if row.is_tiered and row.version_id else None
        rank = found.rank(row.contract_id, tiered, month) if tiered else None
        if rank is not None:
            told = repr((tuple(rank.standing), rank.recompute_on))
            row = row._replace(input_sha256=hashlib.sha256(bytes(row.input_sha256) + told.encode()).digest())
        found.due.append(row)
    return found


def _tiered(terms: Terms) -> Tiered | None:
    return next((one for _, one in components(terms) if isinstance(one, Tiered)), None)


def families_of(contract_ids: Sequence[UUID]) -> dict[UUID, Family]:
    """The family of each of these contracts, by contract; one query."""
    members: dict[UUID, list[Member]] = defaultdict(list)
    since: dict[UUID, date] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"msp": current_msp_id(), "contracts": list(contract_ids)})
        for partner_id, joined_on, client_id, *told in cursor.fetchall():
            row = Due._make((*told, [], [], b"", 0, None, False, None, False))
            since[partner_id] = joined_on
            members[partner_id].append(Member(row.contract_id, client_id, row.won_on, as_deal(row)))
    wanted = set(contract_ids)
    found: dict[UUID, Family] = {}
    for partner_id, rows in members.items():
        family = Family(since[partner_id], rows)
        found.update({row.contract_id: family for row in rows if row.contract_id in wanted})
    return found


_MEMBERS: Final = """
WITH partners AS (
    SELECT DISTINCT referral.partner_id FROM referrals_contract contract
        JOIN referrals_client client ON client.msp_id = %(msp)s AND client.id = contract.client_id
        JOIN referrals_referral referral ON referral.msp_id = %(msp)s AND referral.id = client.referral_id
    WHERE contract.msp_id = %(msp)s AND contract.id = ANY(%(contracts)s))
SELECT partner.id, (coalesce(partner.joined_at, partner.created_at) AT TIME ZONE msp.time_zone)::date,
    client.id, contract.id, contract.currency, contract.starts_on, contract.ends_on, contract.first_paid_on,
    contract.owed_from, coalesce(pin.won_on, contract.starts_on), NULL,
    coalesce(moves.days, '{}'), coalesce(moves.levels, '{}'), coalesce(moves.kinds, '{}')
FROM partners
    JOIN partners_partner partner ON partner.msp_id = %(msp)s AND partner.id = partners.partner_id
    JOIN accounts_msp msp ON msp.id = partner.msp_id
    JOIN referrals_referral referral ON referral.msp_id = %(msp)s AND referral.partner_id = partner.id
    JOIN referrals_client client ON client.msp_id = %(msp)s AND client.referral_id = referral.id
    JOIN referrals_contract contract ON contract.msp_id = %(msp)s AND contract.client_id = client.id
    LEFT JOIN commissions_pin pin ON pin.msp_id = %(msp)s AND pin.contract_id = contract.id
    LEFT JOIN LATERAL (
        SELECT array_agg(m.effective_on ORDER BY m.effective_on, m.id) AS days,
            array_agg(m.mrr_minor ORDER BY m.effective_on, m.id) AS levels,
            array_agg(m.kind::text ORDER BY m.effective_on, m.id) AS kinds
        FROM referrals_mrrmovement m WHERE m.msp_id = %(msp)s AND m.contract_id = contract.id) moves ON true
ORDER BY partner.id, coalesce(pin.won_on, contract.starts_on), referral.registered_at, referral.id, contract.id
"""
