"""Rows of partners: their fate, what is written, and that a second time changes nothing."""

import pytest

from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from integrations import tasks
from integrations.models import ImportState
from partners import onboarding
from partners.models import Contact, Partner, PartnerState, SourceKind
from tests import builders
from tests.integrations.conftest import AT, Office

pytestmark = pytest.mark.django_db

FILE = """Name,Kind,Person,E-mail,Phone,City,Status,Note,ID
Harbor & Finch CPAs,CPA,Dana Finch,dana@harbor.example,+1 212 555 0123,New York,Active,=SUM(A1),P-1
Lakeside Advisory,vCIO,,lena@lake.example,,Albany,,,P-2
Stackware,ISV,,,,,suspended,,P-3
Old Friend LLC,happy client,,,,,left,,P-4
"""


def test_partners_are_added_with_person_kind_and_standing_and_nobody_is_written_to(office: Office) -> None:
    batch = office.bring("partners", FILE)
    assert (batch.state, batch.summary["create"], batch.done, bytes(batch.content)) == (ImportState.DONE, 4, 4, b"")
    with tenancy.use(office.msp.pk):
        found = {partner.external_id: partner for partner in Partner.objects.all()}
        assert [found[f"P-{n}"].state for n in (1, 2, 3, 4)] == [
            PartnerState.ACTIVE,
            PartnerState.PROSPECT,
            PartnerState.SUSPENDED,
            PartnerState.PARTED,
        ]
        harbor = found["P-1"]
        assert (harbor.kind, harbor.phone, harbor.note) == (SourceKind.CENTRE, "+1 212 555 0123", "=SUM(A1)")
        assert Contact.objects.get(partner=harbor).name == "Dana Finch"
        assert AuditEvent.objects.get(action="partner.added", target_id=harbor.pk).actor_name == "Olga Owner (import)"
        assert not Message.objects.exists()


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    office.bring("partners", FILE)
    with tenancy.use(office.msp.pk):
        before = list(Partner.objects.order_by("pk").values())
    again = office.check("partners", FILE)
    assert [fate for _, fate, _ in office.fates(again)] == ["duplicate"] * 4
    with tenancy.use(office.msp.pk):
        assert list(Partner.objects.order_by("pk").values()) == before


def test_known_partners_are_found_by_id_then_address_then_name(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        by_id = builders.a_partner("Harbor LLC", external_id="P-1")
        by_address = builders.a_partner("Lake Group", email="lena@lake.example")
        by_name = builders.a_partner("The Stackware Company", kind=SourceKind.VENDOR, external_id="P-3")
    batch = office.check("partners", FILE)
    rows = office.rows(batch)
    assert [row.target_id for row in rows[:3]] == [by_id.pk, by_address.pk, by_name.pk]
    assert rows[0].reason == "Harbor LLC: name, e-mail, phone, city, note."
    office.run(office.start(batch))
    with tenancy.use(office.msp.pk):
        by_address.refresh_from_db()
        assert (by_address.name, by_address.external_id, by_address.city) == ("Lakeside Advisory", "P-2", "Albany")


def test_empty_cells_never_erase_what_is_known(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        partner = builders.a_partner("Lakeside Advisory", kind=SourceKind.VCIO, phone="555", note="Likes golf")
    office.bring("partners", FILE)
    with tenancy.use(office.msp.pk):
        partner.refresh_from_db()
    assert (partner.phone, partner.note, partner.state) == ("555", "Likes golf", PartnerState.ACTIVE)


def test_every_wrong_row_says_all_that_is_wrong_and_the_others_go_on(office: Office) -> None:
    batch = office.bring(
        "partners",
        "Name,Kind,E-mail,Status\n"
        "=HYPERLINK(1),CPA,x,Active\n"
        ",CPA,a@b.co,Active\n"
        "Good One,CPA,good@one.example,Active\n"
        "Odd Kind,plumber,,maybe\n"
        "No Kind,,,\n"
        "Too,CPA,a@c.co,Active,extra\n",
    )
    assert office.fates(batch) == [
        (
            2,
            "error",
            "“=HYPERLINK(1)” in Name begins like a formula. Write the name without “=”."
            " “x” in E-mail is not an e-mail address.",
        ),
        (3, "error", "Name is empty."),
        (4, "create", ""),
        (
            5,
            "error",
            "“plumber” in Kind of source is not one of: Happy client, vCIO, Center of influence, Peer MSP, Vendor."
            " “maybe” in Status is not one of: active, new, suspended, left.",
        ),
        (6, "error", "The kind of source is missing. Fill it, or choose one for all rows under Columns."),
        (
            7,
            "error",
            "The row has 5 cells and the header 4. Perhaps a cell with a comma in it lacks quotation marks.",
        ),
    ]


def test_the_kind_and_status_of_rows_without_one_are_chosen_for_the_file(office: Office) -> None:
    office.bring("partners", "Name\nHarbor\nLake\n", kind=SourceKind.PEER, status="active")
    with tenancy.use(office.msp.pk):
        assert set(Partner.objects.values_list("kind", "state")) == {(SourceKind.PEER, PartnerState.ACTIVE)}


def test_a_partner_twice_in_the_file_is_taken_once(office: Office) -> None:
    text = (
        "Name,Kind,E-mail\nHarbor CPAs,CPA,a@b.co\nBroken,plumber,x@y.co\nThe Harbor CPAs LLC,CPA,\nOther,CPA,A@B.co\n"
    )
    batch = office.bring("partners", text + "Broken,CPA,x@y.co\n")
    assert [(number, fate) for number, fate, _ in office.fates(batch)] == [
        (2, "create"),
        (3, "error"),
        (4, "duplicate"),
        (5, "duplicate"),
        (6, "create"),
    ]
    assert office.rows(batch)[2].reason == "The same name as in row 2, which is used."
    assert office.rows(batch)[3].reason == "The same e-mail as in row 2, which is used."


def test_one_name_under_two_ids_is_refused_rather_than_mixed_up(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor & Finch CPAs", external_id="OLD-7")
    batch = office.check("partners", FILE)
    assert office.rows(batch)[0].reason.startswith("Harbor & Finch CPAs is here already under the id “OLD-7”")


def test_a_decision_made_here_is_not_undone_by_a_spreadsheet(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        harbor, lake = (builders.a_partner(name, kind=SourceKind.CENTRE) for name in ("Harbor", "Lake"))
        onboarding.suspend(harbor, reason="Asked for a pause", by=office.owner, at=AT)
        onboarding.part(lake, reason="Retired", by=office.owner, at=AT)
    batch = office.check("partners", "Name,Kind,Status\nHarbor,CPA,Active\nLake,CPA,Active\n")
    assert [fate for _, fate, _ in office.fates(batch)] == ["duplicate", "duplicate"]


def test_columns_can_be_mapped_otherwise_and_every_row_is_judged_anew(office: Office) -> None:
    batch = office.check("partners", "Name,Company,Kind\nDana Finch,Harbor CPAs,CPA\n")
    assert office.rows(batch)[0].values["name"] == "Dana Finch"
    office.choose(batch, {"name": 1, "contact_name": 0, "kind": 2})
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    assert [row.values["name"] for row in office.rows(batch)] == ["Harbor CPAs"]
    office.run(office.start(office.again(batch)))
    with tenancy.use(office.msp.pk):
        assert Contact.objects.get(partner__name="Harbor CPAs").name == "Dana Finch"


def test_what_came_here_between_check_and_import_is_a_duplicate(office: Office) -> None:
    first, second = office.check("partners", FILE), office.check("partners", FILE)
    office.run(office.start(first))
    done = office.run(office.start(second))
    assert done.summary == {"create": 0, "update": 0, "duplicate": 4, "error": 0}
    with tenancy.use(office.msp.pk):
        assert Partner.objects.count() == 4
