"""Rows written together say the same as rows written one by one, in a number of statements that batches decide."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commissions.models import Pin
from commissions.terms import Percent
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import ImportKind
from integrations.spreadsheets import running
from partners.models import Contact, Partner
from referrals import service_lines
from referrals.models import Client, Contract, Credit, Finding, MatchKeys, MrrMovement, Referral, StageMove
from tests import builders
from tests.integrations.conftest import AT, Office

pytestmark = pytest.mark.django_db
PARTNERS = """Name,Kind,E-mail,Person,Status,Id
Harbor,CPA,dana@harbor.example,Dana Reed,active,P-1
Lakeside,Client,lee@lake.example,Lee Moss,,P-2
Old Mill,Vendor,,,left,P-3
Harbor West,CPA,dana@harbor.example,Dana Reed,,P-4
Peer IT,MSP,pia@peer.example,,suspended,P-5
"""
CHANGED = """Name,Kind,E-mail,City,Phone,Status,Id
Harbor,,,Albany,,,
Harbor Renamed,,dana@harbor.example,,518 555 0100,,P-1
Lakeside,,,Troy,,suspended,
Lake,,lee@lake.example,Utica,,,
Old Mill,,,,,active,
Harbor West,,,Albany,,left,
Peer IT,vCIO,,Albany,315 555 0100,active,
Newcomer,CPA,,Rome,,active,N-1
"""
REFERRALS = """Company,Partner,Introduced on,Stage,In that stage since,E-mail,Website,Phone,Lost reason
Bright Dental,Harbor,2026-01-05,Qualified,2026-01-20,o@bright.example,bright.example,212-555-0100,
Bright Dental,Lakeside,2026-01-03,,,o@bright.example,,,
Elm Legal,Harbor,2026-01-06,Lost,2026-02-01,e@elm.example,,,too expensive
Elm Law,Lakeside,2026-02-02,,,f@elm.example,,,
Cottonwood Clinic,Harbor,2026-01-07,,,,,,
Cotton Wood Clinic,Lakeside,2026-01-08,Proposal,2026-01-30,,,,
Kids of Elm,Old Mill,2026-02-09,Won,2026-02-10,g@elm.example,,,
Oak Roofing,Harbor,2026-02-01,Won,2026-03-01,,,,
Oak Roofing,Harbor,2026-03-05,,,,oak.example,,
Oak Roofing,P-1,2026-04-05,Lost,2026-04-06,,oak.example,,they went with somebody we never heard of
Birch Bakery,Nobody Here,2026-02-02,,,,,,
"""
UPDATES = """Company,Partner,Introduced on,Stage,In that stage since,Lost reason
Bright Dental,Harbor,2026-01-05,Proposal,2026-02-20,
Cottonwood Clinic,Harbor,2026-01-07,Lost,2026-02-07,no reply
Elm Law,Lakeside,2026-02-02,Qualified,2026-02-12,
Ash Motors,Lakeside,2026-02-03,Qualified,2026-02-13,
"""
CLIENTS = """Client,Partner,Service line,MRR,Start date,Owed from,Won on,First invoice paid on,Website
Elm Law,Lakeside,Managed services,1200,2026-03-01,2026-03-01,2026-02-20,2026-04-02,
Juniper Foods,Harbor,Managed services,900,2026-03-01,2026-04-01,2026-02-20,,juniper.example
Juniper Foods,Harbor,Security,100,2026-03-15,2026-04-01,2026-03-10,,
Walk In Shoes,,Managed services,700,2026-01-01,2026-01-01,,,
Walk In Shoes,,Cloud and backup,70,2026-01-01,2026-01-01,,2026-02-03,
Juniper Food,Lakeside,Managed services,800,2026-03-01,2026-04-01,,,juniper.example
Oak Roofing,Harbor,Managed services,500,2026-04-01,2026-04-01,,,
Bright Dental,Harbor,Managed services,500,2026-04-01,2026-04-01,,,
Plum Press,Nobody Here,Managed services,500,2026-04-01,2026-04-01,,,
"""
MORE = """Client,Service line,MRR,New MRR from,First invoice paid on,Start date,Owed from
Juniper Foods,Managed services,950,2026-06-01,2026-05-01,2026-03-01,2026-04-01
Juniper Foods,Security,150,2026-06-01,2026-05-02,2026-03-15,2026-04-01
Walk In Shoes,Cloud and backup,60,2026-05-01,,2026-01-01,2026-01-01
Walk In Shoes,Managed services,700,,,2026-01-01,2026-01-01
Elm Law,Security,50,,,2026-06-01,2026-06-01
"""
AFTER = datetime(2026, 6, 1, tzinfo=UTC)


def an_office(name: str) -> Office:
    msp = builders.an_msp(name)
    owner = builders.a_member(msp, Role.OWNER, "Olga Owner")
    with tenancy.use(msp.pk):
        service_lines.seed(AT)
        builders.a_plan(Percent(basis_points=1_000, months=12), name="Ten percent")
    return Office(msp, owner)


def everything(office: Office) -> dict[str, list[Any]]:
    """What an import has made, without ids and without the moment of the import."""
    with tenancy.use(office.msp.pk):
        rows: dict[str, Any] = {
            "partners": Partner.objects.values_list(
                *("name", "kind", "state", "email", "external_id", "suspended_reason", "city", "phone", "name_key")
            ),
            "people": Contact.objects.values_list("partner__name", "name", "email", "can_sign"),
            "referrals": Referral.objects.values_list(
                *("company", "partner__name", "stage", "registered_at", "touched_at", "stage_at", "active_at"),
                *("credit_waits", "lost_reason", "lost_note", "next_action", "protected_until", "registered_by_name"),
            ),
            "credits": Credit.objects.values_list("referral__company", "partner__name", "basis_points"),
            "keys": MatchKeys.objects.values_list(
                *("referral__company", "referral__partner__name", "client__name"),
                *(*MatchKeys.EXACT, *MatchKeys.BLOCKS),
            ),
            "findings": Finding.objects.values_list(
                *(
                    "referral__company",
                    "referral__partner__name",
                    "other_referral__company",
                    "other_client__name",
                    "evidence",
                )
            ),
            "clients": Client.objects.values_list("name", "since_on", "website", "referral__partner__name"),
            "contracts": Contract.objects.values_list(
                *("client__name", "service_line__name", "starts_on", "owed_from", "first_paid_on", "external_id")
            ),
            "movements": MrrMovement.objects.values_list(
                *("contract__client__name", "kind", "effective_on", "mrr_minor", "delta_minor", "by_name")
            ),
            "pins": Pin.objects.values_list("contract__client__name", "plan_version__number", "won_on", "chosen"),
            "moves": StageMove.objects.values_list(
                *("referral__company", "from_stage", "to_stage", "by_name", "reason")
            ),
            "history": AuditEvent.objects.exclude(target_type="integrations.import").values_list(
                *("target_name", "action", "actor_name", "facts")
            ),
        }
        return {name: sorted(map(without_now, found), key=str) for name, found in rows.items()}


def without_now(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row without the moment of its import, which is after every day in the files."""
    return tuple(None if isinstance(value, datetime) and value > AFTER else value for value in row)


def test_a_mixed_file_comes_out_the_same_together_and_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(office: Office) -> list[list[tuple[int, str, str]]]:
        files: tuple[tuple[str, str], ...] = (("partners", PARTNERS), ("referrals", REFERRALS), ("referrals", UPDATES))
        files += (("clients", CLIENTS), ("clients", MORE), ("partners", CHANGED))
        return [office.fates(office.bring(kind, text)) for kind, text in files]

    together, alone = an_office("Acme IT"), an_office("Rival IT")
    fates = bring(together)
    monkeypatch.setattr(running, "WRITTEN_AT_ONCE", dict.fromkeys(ImportKind, 1))
    assert bring(alone) == fates
    found, expected = everything(together), everything(alone)
    for name, rows in expected.items():
        assert found[name] == rows, name
    assert len(expected["findings"]) == 3
    assert {fate for many in fates for _, fate, _ in many} == {"create", "update", "duplicate", "error"}


def referrals(count: int) -> str:
    names = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")
    stages = ("", "Qualified", "Lost", "Won")
    lines = "".join(
        f"{names[n % 6]} {chr(97 + n % 26)}{chr(97 + n // 26)}zwick {n},P-{n % 2},2026-01-05,{stages[n % 4]},"
        f"o@firm{n // 2}.example\n"
        for n in range(count)
    )
    return f"Company,Partner,Introduced on,Stage,E-mail\n{lines}"


def partners(count: int) -> str:
    lines = "".join(f"Firm {n},CPA,Person {n},p{n}@firm{n}.example,active\n" for n in range(count))
    return f"Name,Kind,Person,E-mail,Status\n{lines}"


def clients(count: int) -> str:
    lines = "".join(
        f"Firm {n},P-{n % 2},Managed services,{n + 1},2026-0{n % 6 + 1}-01,2026-06-01\n" for n in range(count)
    )
    return f"Client,Partner,Service line,MRR,Start date,Owed from\n{lines}"


def balances(count: int) -> str:
    return "Partner,Owed,Owed on\n" + "".join(f"P-{n},{n + 1}.00,2026-01-01\n" for n in range(count))


@pytest.mark.parametrize(
    ("kind", "text"), [("referrals", referrals), ("partners", partners), ("opening", balances), ("clients", clients)]
)
def test_the_number_of_statements_grows_with_batches_and_not_with_rows(
    kind: str, text: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements(rows: int) -> tuple[int, int]:
        office = an_office(f"Office {rows}")
        if kind != "partners":
            with tenancy.use(office.msp.pk):
                for number in range(rows if kind == "opening" else 2):
                    builders.a_partner(f"P-{number}")
        batch = office.choose(office.upload(kind, text(rows)))
        with CaptureQueriesContext(connection) as checking:
            tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
        office.start(office.again(batch))
        with CaptureQueriesContext(connection) as writing:
            done = office.run(batch)
        assert done.summary["create"] == rows, office.fates(done)
        return len(checking), len(writing)

    monkeypatch.setattr(running, "WRITTEN_AT_ONCE", dict.fromkeys(ImportKind, 40))
    few, many = statements(28), statements(40)  # both are many for kernel/copy.py
    assert many == few


def changed_partners(count: int, word: str) -> str:
    lines = "".join(f"Firm {n},CPA,p{n}@firm{n}.example,{word},active,{word[0]}{n}\n" for n in range(count))
    return f"Name,Kind,E-mail,City,Status,{'Phone' if word == 'Troy' else 'Id'}\n{lines}"


def changed_clients(count: int, word: str) -> str:
    news = {"Troy": ",", "Albany": "2026-06-01,2026-05-01"}[word]
    lines = "".join(f"Firm {n},Managed services,{n + len(word)},2026-01-01,2026-01-01,{news}\n" for n in range(count))
    return f"Client,Service line,MRR,Start date,Owed from,New MRR from,First invoice paid on\n{lines}"


@pytest.mark.parametrize(("kind", "text"), [("partners", changed_partners), ("clients", changed_clients)])
def test_so_it_is_for_rows_that_change_what_is_here(
    kind: str, text: Callable[[int, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def statements(rows: int) -> int:
        office = an_office(f"Office {rows}")
        office.bring(kind, text(rows, "Troy"))
        batch = office.start(office.check(kind, text(rows, "Albany")))
        with CaptureQueriesContext(connection) as writing:
            done = office.run(batch)
        assert done.summary["update"] == rows, office.fates(done)
        return len(writing)

    monkeypatch.setattr(running, "WRITTEN_AT_ONCE", dict.fromkeys(ImportKind, 40))
    assert statements(28) == statements(40)
