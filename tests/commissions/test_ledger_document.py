"""docs/algorithms/ledger.md, compared with the code and added up."""

from collections import Counter

from commissions.invariants import CHAINED
from commissions.invariants.catalogue import INVARIANTS
from commissions.invariants.recomputed import RECOMPUTED
from commissions.models import Account, Entry
from commissions.payouts import steps
from elinkages.kernel.constraints import Transitions
from elinkages.kernel.money import format_money, parse_money
from tests.tables import rows

PAGE = "ledger.md"


def test_an_entry_moves_along_the_arrows_of_the_page() -> None:
    told = {(row["From"], row["To"]) for row in rows(PAGE, "From", "To", "Because")}
    (transitions,) = [one for one in Entry._meta.constraints if isinstance(one, Transitions)]
    assert told == {(source, target) for source, targets in transitions.allowed.items() for target in targets}


def test_payouts_move_between_the_accounts_of_the_page() -> None:
    told = {row["Move"]: (row["Debit"], row["Credit"]) for row in rows(PAGE, "Move", "Debit", "Credit", "For")}
    for name in ("reserve", "unreserve", "settle", "unsettle"):
        assert told[name] == getattr(steps, name.upper())
    mentioned = {account for pair in told.values() for side in pair for account in side.split(" or ")}
    assert mentioned == set(Account.values)


def test_the_story_adds_up() -> None:
    columns = {"Accrued": "accrued", "Payable": "payable", "In transit": "in_transit", "Paid": "cash"}
    owed: Counter[str] = Counter()
    for row in rows(PAGE, "Event", "Debit", "Credit", "Amount", *columns):
        minor = parse_money(row["Amount"], "USD").minor
        owed[row["Credit"]] += minor
        owed[row["Debit"]] -= minor
        assert {column: row[column] for column in columns} == {
            column: format_money(owed[account], "USD") for column, account in columns.items()
        }
    assert owed["expense"] == -58_000


def test_the_page_names_every_invariant() -> None:
    told = {row["Code"]: row["Statement"] for row in rows(PAGE, "Code", "Statement")}
    assert told == {one.code: one.statement for one in (*INVARIANTS, CHAINED, RECOMPUTED)}
