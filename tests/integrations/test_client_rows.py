"""Rows of won clients: contracts with their owed-from day, pinned to a plan, and nothing is paid twice."""

from datetime import date

import pytest

from commissions import accruals, uncovered
from commissions.models import Entry, Pin
from elinkages.kernel import tenancy
from partners.models import Partner, SourceKind
from referrals import screening
from referrals.models import Client, Contract, MovementKind, MrrMovement, Referral, ServiceLine, Stage
from tests import builders
from tests.integrations.conftest import AT, Office

pytestmark = pytest.mark.django_db

FILE = """Client,Service line,MRR,Start date,Owed from,Partner,Won on,First paid,ID
Elm Pediatrics,Managed services,"2,400.00",2025-05-01,2025-12-01,Harbor CPAs,2025-04-10,2025-05-28,C-1
Elm Pediatrics,Security,450,2025-07-01,2025-12-01,Harbor CPAs,2025-06-15,,C-2
Grand Dental,managed SERVICES,"1,900.00",2025-09-01,2025-09-01,,,,C-3
"""


@pytest.fixture
def harbor(office: Office) -> Partner:
    with tenancy.use(office.msp.pk):
        builders.a_plan()
        return builders.a_partner("Harbor CPAs")


def test_clients_arrive_with_their_contracts_and_the_plan_of_the_day_they_were_won(
    office: Office, harbor: Partner
) -> None:
    batch = office.bring("clients", FILE)
    assert batch.summary["create"] == 3, office.fates(batch)
    with tenancy.use(office.msp.pk):
        elm, grand = Client.objects.order_by("name")
        referral = Referral.objects.get()
        assert (elm.referral, referral.partner, referral.stage) == (referral, harbor, Stage.WON)
        first, second = elm.contracts.order_by("external_id")
        assert (first.starts_on, first.owed_from) == (date(2025, 5, 1), date(2025, 12, 1))
        assert first.first_paid_on == date(2025, 5, 28)
        assert second.service_line.name == "Security"
        assert sorted(MrrMovement.objects.values_list("mrr_minor", flat=True)) == [45_000, 190_000, 240_000]
        assert {pin.contract_id: pin.won_on for pin in Pin.objects.all()} == {
            first.pk: date(2025, 4, 10),
            second.pk: date(2025, 6, 15),
        }
        assert grand.referral is None


def test_months_before_owed_from_are_never_accrued(office: Office, harbor: Partner) -> None:
    office.bring("clients", FILE)
    with tenancy.use(office.msp.pk):
        accruals.accrue(today=date(2026, 1, 5), at=AT)
        assert {entry.earning_month for entry in Entry.objects.all()} == {date(2025, 12, 1)}


def test_the_same_file_again_changes_nothing(office: Office, harbor: Partner) -> None:
    office.bring("clients", FILE)
    with tenancy.use(office.msp.pk):
        before = list(Contract.objects.order_by("pk").values())
    without_ids = "\n".join(line.rpartition(",")[0] for line in FILE.strip().split("\n"))
    for text in (FILE, without_ids):
        assert [fate for _, fate, _ in office.fates(office.check("clients", text))] == ["duplicate"] * 3
    with tenancy.use(office.msp.pk):
        assert list(Contract.objects.order_by("pk").values()) == before


def test_a_new_mrr_is_a_movement_only_when_its_day_is_given(office: Office, harbor: Partner) -> None:
    office.bring("clients", FILE)
    head = "Client,Service line,MRR,Start date,Owed from,New MRR from\n"
    batch = office.bring(
        "clients",
        head
        + "Elm Pediatrics,Managed services,2600,2025-05-01,2025-12-01,2026-01-01\n"
        + "Grand Dental,Managed services,2000,2025-09-01,2025-09-01,\n",
    )
    assert office.fates(batch) == [
        (2, "update", "Elm Pediatrics: MRR becomes $2,600.00 instead of $2,400.00."),
        (
            3,
            "duplicate",
            "Managed services of Grand Dental is here already at $1,900.00."
            " To change it to $2,000.00, fill New MRR from with the day.",
        ),
    ]
    with tenancy.use(office.msp.pk):
        moved = MrrMovement.objects.get(kind=MovementKind.EXPANSION)
        assert (moved.effective_on, moved.delta_minor) == (date(2026, 1, 1), 20_000)
    again = office.check("clients", head + "Elm Pediatrics,Managed services,2600,2025-05-01,2025-12-01,2026-01-01\n")
    assert [fate for _, fate, _ in office.fates(again)] == ["duplicate"]


def test_the_open_introduction_of_the_partner_is_the_one_that_is_won(office: Office, harbor: Partner) -> None:
    office.bring("referrals", "Company,Partner,Introduced on,Stage\nElm Pediatrics,Harbor CPAs,2025-03-01,Proposal\n")
    office.bring("clients", FILE)
    with tenancy.use(office.msp.pk):
        referral = Referral.objects.get()
        assert referral.stage == Stage.WON
        assert Client.objects.get(referral=referral).contracts.count() == 2
    again = office.check(
        "referrals", "Company,Partner,Introduced on,Stage\nElm Pediatrics,Harbor CPAs,2025-03-01,Won\n"
    )
    assert [fate for _, fate, _ in office.fates(again)] == ["duplicate"]


def test_an_introduction_that_was_imported_as_won_gets_its_client(office: Office, harbor: Partner) -> None:
    office.bring("referrals", "Company,Partner,Introduced on,Stage\nElm Pediatrics,Harbor CPAs,2025-03-01,Won\n")
    office.bring("clients", FILE)
    with tenancy.use(office.msp.pk):
        assert Client.objects.get(name="Elm Pediatrics").referral == Referral.objects.get()
        assert Pin.objects.count() == 2


def test_what_does_not_fit_is_named(office: Office, harbor: Partner) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_contract(builders.a_client(name="Alone Inc"))
        lake = builders.a_partner("Lakeside")
        builders.a_contract(builders.a_client(builders.a_referral(lake, "Taken Inc", stage=Stage.WON)))
    head = "Client,Service line,MRR,Start date,Owed from,Partner,Won on\n"
    batch = office.bring(
        "clients",
        head
        + "Alone Inc,Managed services,5,2025-01-01,2025-01-01,Harbor CPAs,\n"
        + "Taken Inc,Managed services,5,2025-01-01,2025-01-01,Harbor CPAs,\n"
        + "Elm,Carrier pigeons,5,2025-01-01,2025-01-01,,\n"
        + "Fir,Managed services,5,2025-01-01,31/02/2026,,\n"
        + "Oak,Managed services,,2025-01-01,2025-01-01,,\n"
        + "Ash,,5,2025-01-01,2025-01-01,,\n"
        + "Yew,Managed services,5,2025-01-01,2025-01-01,,2999-01-01\n"
        + "Ivy,Managed services,5,2025-01-01,2025-01-01,Who?,\n"
        + "Fine Inc,Managed services,5,2025-01-01,2025-01-01,,\n",
    )
    assert [reason for _, _, reason in office.fates(batch)] == [
        "Alone Inc is already a client that nobody introduced. Leave the partner out.",
        "Taken Inc is already a client, introduced by Lakeside.",
        "“Carrier pigeons” is not a service line of yours. Add it in Settings, or choose to add unknown ones.",
        "“31/02/2026” in Owed from is not a date.",
        "MRR is empty.",
        "The service line is missing. Fill it, or choose one for such rows under Columns.",
        "“2999-01-01” in Won on is not between 1980 and 2099.",
        "“Who?” is not one of your partners. Import partners first, or choose to add unknown ones.",
        "",
    ]
    assert batch.summary == {"create": 1, "update": 0, "duplicate": 0, "error": 8}


def test_service_lines_and_partners_are_added_when_that_was_chosen(office: Office) -> None:
    head = "Client,Service line,MRR,Start date,Owed from,Partner\n"
    batch = office.bring(
        "clients",
        head
        + "Elm,Carrier pigeons,5,2025-01-01,2025-01-01,New Friend\n"
        + "Oak,carrier pigeons,5,2025-01-01,2025-01-01,New Friend\n",
        creates_partners=True,
        creates_service_lines=True,
        kind=SourceKind.PEER,
    )
    assert batch.summary["create"] == 2, office.fates(batch)
    with tenancy.use(office.msp.pk):
        assert ServiceLine.objects.filter(name__iexact="carrier pigeons").count() == 1
        assert Partner.objects.get().name == "New Friend"


def test_two_contracts_of_one_service_line_are_told_apart_by_their_ids(office: Office) -> None:
    head = "Client,Service line,MRR,Start date,Owed from,ID\n"
    text = head + "Elm,Security,5,2025-01-01,2025-01-01,A\nElm,Security,7,2025-01-01,2025-01-01,B\n"
    assert office.bring("clients", text).summary["create"] == 2
    assert office.check("clients", text).summary["duplicate"] == 2


def test_decimal_commas_and_day_first_dates_are_read_as_the_file_means_them(office: Office) -> None:
    text = "Client;Service line;MRR;Start date;Owed from\nElm;Security;1.200,50;31.01.2025;01.12.2025\n"
    batch = office.bring("clients", text.encode("cp1252"))
    assert batch.options == {"date_order": "day_first", "decimal_mark": ","}
    with tenancy.use(office.msp.pk):
        contract = Contract.objects.get()
        assert (contract.starts_on, contract.owed_from) == (date(2025, 1, 31), date(2025, 12, 1))
        assert contract.movements.get().mrr_minor == 120_050


def test_a_client_who_looks_like_another_is_left_to_a_person(office: Office, harbor: Partner) -> None:
    with tenancy.use(office.msp.pk):
        client = builders.a_client(name="Elm Dental")
        Client.objects.filter(pk=client.pk).update(website="https://elm.example")
        client.refresh_from_db()
        screening.index_client(client)
    head = "Client,Service line,MRR,Start date,Owed from,Partner,Website\n"
    batch = office.check("clients", head + "Elm Kids,Security,5,2025-01-01,2025-01-01,Harbor CPAs,elm.example\n")
    assert office.rows(batch)[0].reason == (
        "It has the web or mail domain of Elm Dental, who is already a client."
        " Win it by hand, and decide there whether they are the same company."
    )


def test_before_anything_is_written_a_row_says_that_no_plan_applies_and_its_day_is_kept(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor CPAs")
    batch = office.check("clients", FILE)
    note = "No plan applies to it: Harbor CPAs earns nothing on it until one does."
    assert [reason for _, _, reason in office.fates(batch)] == [note, note, ""]
    office.run(office.start(batch))
    with tenancy.use(office.msp.pk):
        kept = Contract.objects.filter(is_without_plan=True).values_list("external_id", "told_won_on")
        assert dict(kept) == {"C-1": date(2025, 4, 10), "C-2": date(2025, 6, 15)}
        (first, _) = uncovered.with_choices(Contract.objects.without_plan().order_by("pk"))
        assert first.won_on == date(2025, 4, 10)
