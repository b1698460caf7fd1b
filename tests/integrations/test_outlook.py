"""What is said before an import is taken back: every reason to stay, in a number of statements that no size changes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commissions import accruals, payouts
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from integrations.models import Import
from integrations.spreadsheets import undoing
from partners.models import PartnerState
from tests import builders
from tests.integrations.conftest import Office
from tests.integrations.test_undo import kept, take_back, undone

PARTNERS = "Name,Kind,City,Status\n"
CLIENTS = "Client,Service line,MRR,Start date,Owed from,Partner,First invoice paid on\n"
INVOICES = "Invoice number,Client,Invoice date,Amount\n"
PAYMENTS = "Client,For invoice,Paid on,Amount\n"


def pay(office: Office) -> None:
    """Compute what is owed today, and open a payout run over it."""
    with tenancy.use(office.msp.pk):
        now = timezone.now()
        today = office.msp.today(now)
        accruals.accrue(today=today, at=now)
        accruals.release(today=today, at=now)
        payouts.open_run(cutoff_on=today, by=office.owner, at=now)


def deal(office: Office) -> Import:
    """One client of one partner, earning by a plan since January."""
    with tenancy.use(office.msp.pk):
        builders.a_plan()
    return office.bring("clients", CLIENTS + "Elm,Security,500,2026-01-01,2026-01-01,Harbor,\n")


def test_a_status_or_a_first_payment_that_was_noted_is_a_persons_to_change_back(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor", state=PartnerState.ACTIVE)
    left = office.bring("partners", PARTNERS + "Harbor,,Troy,suspended\n")
    assert kept(office, left) == [(2, "It changed the partner’s status. Change it back on their page.")]
    with tenancy.use(office.msp.pk):
        builders.a_partner("Maple", state=PartnerState.ACTIVE)
    text = CLIENTS + "Elm,Security,500,2026-01-01,2026-01-01,Maple,"
    office.bring("clients", text + "\n")
    paid = office.bring("clients", text + "2026-02-02\n")
    assert kept(office, paid) == [
        (2, "It noted the first payment of a contract that was here. Correct that on the client’s page.")
    ]


def test_a_partner_who_is_owed_something_stays(office: Office) -> None:
    partners = office.bring("partners", PARTNERS + "Harbor,CPA,,active\nMaple,CPA,,active\n")
    deal(office)
    assert kept(office, partners) == [(2, "They introduced Elm.")]
    pay(office)
    assert kept(office, partners) == [(2, "They are owed commission, or were paid it.")]
    take_back(office, partners)
    assert undone(office, partners) == [
        (2, "kept", "They are owed commission, or were paid it."),
        (3, "undone", ""),
    ]


def test_a_contract_that_is_billed_stays_until_its_invoice_is_taken_back(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor", state=PartnerState.ACTIVE)
    clients = deal(office)
    invoices = office.bring("invoices", INVOICES + "1001,Elm,2026-02-01,500\n")
    assert kept(office, clients) == [(2, "Document 1001 bills it. Take that back first.")]
    take_back(office, invoices)
    assert kept(office, clients) == []


def test_an_invoice_and_its_payment_stay_once_what_was_earned_with_them_is_in_a_payout(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor", state=PartnerState.ACTIVE)
    deal(office)
    invoices = office.bring("invoices", INVOICES + "1001,Elm,2026-02-01,500\n")
    payments = office.bring("payments", PAYMENTS + "Elm,1001,2026-02-09,500\n")
    assert (kept(office, invoices), kept(office, payments)) == ([], [])
    pay(office)
    later = office.bring("payments", PAYMENTS + "Elm,1001,2026-02-10,5\n")
    stays = [(2, "What was earned with it is in payout 1.")]
    assert (kept(office, invoices), kept(office, payments), kept(office, later)) == (stays, stays, [])


@pytest.mark.parametrize("stays", [False, True])
def test_the_number_of_statements_is_the_same_for_any_number_of_rows(office: Office, stays: bool) -> None:
    def statements(rows: int) -> int:
        lines = "".join(f"Firm {rows} {number},CPA,Troy,\n" for number in range(rows))
        batch = office.bring("partners", PARTNERS + lines)
        if stays:
            office.bring("partners", PARTNERS + lines.replace("Troy", "Albany"))
        with tenancy.use(office.msp.pk), CaptureQueriesContext(connection) as asked:
            found = undoing.outlook(batch, office.owner)
        assert (found.undone, found.kept) == ((0, rows) if stays else (rows, 0))
        assert len(found.examples) == (min(rows, undoing.SHOWN) if stays else 0)
        return len(asked)

    assert statements(3) == statements(130)


def test_the_rows_that_are_named_are_the_first_of_the_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "SHOWN", 2)
    lines = "".join(f"Firm {number},CPA,Troy,\n" for number in range(4))
    batch = office.bring("partners", PARTNERS + lines)
    office.bring("partners", PARTNERS + lines.replace("Troy", "Albany"))
    assert [number for number, _ in kept(office, batch)] == [2, 3]
    with tenancy.use(office.msp.pk):
        assert undoing.outlook(batch, office.owner).kept == 4


def test_what_another_msp_did_is_no_obstacle(office: Office) -> None:
    """The temporary table of one unit of work is empty in the next, whoever's that is."""
    other_msp = builders.an_msp("Rival IT")
    other = Office(other_msp, builders.a_member(other_msp, Role.OWNER, "Rita Rival"))
    text = PARTNERS + "Harbor,CPA,Troy,\n"
    ours, theirs = office.bring("partners", text), other.bring("partners", text)
    other.bring("partners", text.replace("Troy", "Albany"))
    assert len(kept(other, theirs)) == 1
    assert kept(office, ours) == []
    with tenancy.use(office.msp.pk):
        assert undoing.outlook(theirs, office.owner) == undoing.Outlook(0, 0, [])
