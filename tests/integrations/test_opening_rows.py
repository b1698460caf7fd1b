"""Opening balances from a file, and won clients that would count the same time again."""

from datetime import date

from commissions import invariants
from commissions.models import Entry, EntryKind
from elinkages.kernel import tenancy
from integrations.models import ImportState
from partners.models import Partner
from referrals.models import Client
from tests import builders
from tests.integrations.conftest import Office

HEADER = "Partner,E-mail,Owed,Owed on,Payable from,Note\n"


def partners(office: Office, *names: str) -> list[Partner]:
    with tenancy.use(office.msp.pk):
        return [builders.a_partner(name) for name in names]


def test_balances_are_written_down_once_and_whoever_is_not_here_is_told(office: Office) -> None:
    partners(office, "Harbor Tax", "Maple")
    text = HEADER + (
        "Harbor Tax,,720.00,2026-07-01,,September\n"
        "Maple,,0,2026-07-01,,\n"
        "Nobody,,5,2026-07-01,,\n"
        "Harbor Tax,,1,2026-07-01,,\n"
        "Maple,,-3,2026-07-01,,\n"
        "Maple,,3,2199-07-01,,\n"
    )
    done = office.bring("opening", text)
    assert office.fates(done) == [
        (2, "create", ""),
        (3, "error", "Owed is zero. Leave out partners whom you owed nothing."),
        (4, "error", "“Nobody” is not one of your partners. Import partners first."),
        (5, "duplicate", "The same partner as in row 2, which is used."),
        (6, "error", "“-3” in Owed is below zero."),
        (7, "error", "“2199-07-01” in Owed on is not between 1980 and 2099."),
    ]
    again = office.check("opening", text)
    assert office.fates(again)[0] == (2, "duplicate", "Harbor Tax has it already: $720.00.")
    other = office.check("opening", HEADER + "Harbor Tax,,721.00,2026-07-01,,\n")
    assert "has an opening balance of $720.00 already" in office.fates(other)[0][2]
    with tenancy.use(office.msp.pk):
        entry = Entry.objects.get()
        assert (entry.kind, entry.minor, entry.hold_until) == (EntryKind.OPENING, 72_000, date(2026, 7, 1))
        assert invariants.check(today=date(2026, 7, 6)) == []


def test_a_won_client_is_not_owed_from_before_the_balance_of_its_partner(office: Office) -> None:
    partners(office, "Harbor Tax")
    with tenancy.use(office.msp.pk):
        builders.a_plan()
    office.bring("opening", HEADER + "Harbor Tax,,720.00,2026-07-01,,\n")
    header = "Client,Service line,MRR,Start date,Owed from,Partner\n"
    done = office.bring(
        "clients",
        header
        + "Elm,Security,500,2026-03-01,2026-03-01,Harbor Tax\n"
        + "Oak,Security,500,2026-03-01,2026-07-01,Harbor Tax\n"
        + "Ash,Security,500,2026-03-01,2026-03-01,\n",
    )
    assert office.fates(done) == [
        (
            2,
            "error",
            "What Harbor Tax earned before Jul 1, 2026 is in their opening balance."
            " Owed from is that day or a later one, or it would be counted twice.",
        ),
        (3, "create", ""),
        (4, "create", ""),
    ]
    with tenancy.use(office.msp.pk):
        assert sorted(Client.objects.values_list("name", flat=True)) == ["Ash", "Oak"]
    more = office.check("clients", header + "Oak,Projects,500,2026-03-01,2026-03-01,\n")
    assert office.fates(more)[0][2].startswith("What Harbor Tax earned before Jul 1, 2026")


def test_a_balance_is_refused_when_its_time_is_computed_here(office: Office) -> None:
    (harbor,) = partners(office, "Harbor Tax")
    with tenancy.use(office.msp.pk):
        builders.a_deal(harbor, starts_on=date(2026, 3, 1))
    batch = office.check("opening", HEADER + "Harbor Tax,,720.00,2026-07-01,,\n")
    assert "would be counted twice" in office.fates(batch)[0][2]
    assert batch.state == ImportState.CHECKED
