"""Rows of opening balances: what a partner was owed on the day of the switch-over."""

from collections.abc import Sequence
from datetime import date, datetime

from commissions import opening_balances
from commissions.models import Entry
from commissions.opening_balances import Balance
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from integrations.models import Fate
from integrations.spreadsheets import partner_book
from integrations.spreadsheets.rules import Importer, Rules, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from partners.models import Partner


class UnknownPartner(Refused):
    """A balance of somebody who is not here."""


def refine(values: Values, rules: Rules) -> list[str]:
    """Nothing is guessed about money; returns what is wrong."""
    problems = []
    if values.get("owed_minor") == 0:
        problems.append("Owed is zero. Leave out partners whom you owed nothing.")
    if values.get("owed_on", "") > rules.today.isoformat():
        problems.append("Owed on is in the future.")
    return problems


def identities(values: Values) -> list[str]:
    """By what another row of the file would be of the same partner, who has one balance."""
    return [f"partner:{values.get('partner_email') or company_key(values.get('partner', ''))}"]


def subject(values: Values) -> str:
    """Whom a row is about."""
    return company_key(values.get("partner", "")) or str(values.get("partner_email", ""))


def judge(many: Sequence[Values], rules: Rules) -> list[Verdict]:
    """The fate of each row, given the partners and balances that are here."""
    book = partner_book.book_for(many)
    found = [_partner(values, book) for values in many]
    balances = [_balance(values, one) for values, one in zip(many, found, strict=True) if isinstance(one, Partner)]
    refusals = iter(opening_balances.refusals(balances, today=rules.today))
    live = {
        entry.partner_id: entry
        for entry in opening_balances.live().filter(partner__in=[one.partner.pk for one in balances])
    }
    return [
        one if isinstance(one, Verdict) else _judge(_balance(values, one), live.get(one.pk), next(refusals))
        for values, one in zip(many, found, strict=True)
    ]


def _judge(balance: Balance, here: Entry | None, refusal: Refused | None) -> Verdict:
    if here is not None and here.minor == balance.minor and here.earning_month == balance.owed_on.replace(day=1):
        amount = format_money(here.minor, here.currency)
        return Verdict(Fate.DUPLICATE, f"{balance.partner.name} has it already: {amount}.", balance.partner.pk)
    return problem(refusal.message) if refusal else Verdict(Fate.CREATE, "", balance.partner.pk)


def _partner(values: Values, book: partner_book.PartnerBook) -> Partner | Verdict:
    try:
        partner = partner_book.sender(values, book)
    except partner_book.CannotTell as refusal:
        return problem(refusal.message)
    name = shown(values.get("partner") or values.get("partner_email", ""))
    return partner or problem(f"{name} is not one of your partners. Import partners first.")


def _balance(values: Values, partner: Partner) -> Balance:
    payable_on = values.get("payable_on")
    return Balance(
        partner,
        values["owed_minor"],
        date.fromisoformat(values["owed_on"]),
        date.fromisoformat(payable_on) if payable_on else None,
        values.get("note", "")[: opening_balances.NOTE_LENGTH],
    )


def write_many(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Partner]:
    """Write the balances of rows down, all or none. Raises what opening_balances.record refuses."""
    book = partner_book.book_for(many)
    partners = []
    for values in many:
        partner = partner_book.sender(values, book)
        if partner is None:
            raise UnknownPartner(f"{shown(values.get('partner', ''))} is no longer one of your partners.")
        partners.append(partner)
    balances = [_balance(values, partner) for values, partner in zip(many, partners, strict=True)]
    for entry, one in zip(opening_balances.record_all(balances, by=by[0], at=at), by, strict=True):
        one.made.append(entry)
    return partners
