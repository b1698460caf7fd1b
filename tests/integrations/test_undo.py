"""Taking an import back: what stands on nothing goes, what money or people built on stays with its reason."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from commissions import accruals, invariants, payouts
from commissions.models import BillingFact, Entry, Stage
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.words import say_day
from integrations import tasks
from integrations.models import Import, ImportState
from integrations.spreadsheets import imports, running, undoing
from partners import onboarding
from partners.models import Contact, Partner, PartnerState
from referrals import contracts, pipeline
from referrals.models import Client, ClientState, Contract, Finding, MatchKeys, Referral
from referrals.models import Stage as ReferralStage
from tests import builders
from tests.integrations.conftest import Office

PARTNERS = "Name,Kind,Person,E-mail,City,Id\n"
REFERRALS = "Company,Partner,Introduced on,Stage,Website\n"
CLIENTS = "Client,Service line,MRR,Start date,Owed from,Partner,New MRR from\n"


def take_back(office: Office, batch: Import) -> Import:
    """From the button to the last row."""
    with tenancy.use(office.msp.pk):
        now = timezone.now()
        expected = undoing.outlook(batch, office.owner).undone
        undoing.start(batch, expected=expected, by=office.owner, at=now)
    tasks.undo.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    return office.again(batch)


def undone(office: Office, batch: Import) -> list[tuple[int, str, str]]:
    return [(row.number, row.undo, row.undo_reason) for row in office.rows(batch) if row.undo]


def kept(office: Office, batch: Import) -> list[tuple[int, str]]:
    """What the page would say stays, before anything is taken back."""
    with tenancy.use(office.msp.pk):
        return [(row.number, row.undo_reason) for row in undoing.outlook(batch, office.owner).examples]


def test_partners_that_nothing_stands_on_are_gone_and_the_file_can_be_imported_again(office: Office) -> None:
    text = PARTNERS + "Harbor,CPA,Dana,d@harbor.example,,P-1\nMaple,Vendor,,,,\n"
    done = take_back(office, office.bring("partners", text))
    assert (done.state, done.summary["undone"], done.summary["kept"]) == (ImportState.UNDONE, 2, 0)
    with tenancy.use(office.msp.pk):
        assert (Partner.objects.count(), Contact.objects.count()) == (0, 0)
        assert [event.action for event in trail.history(done)][:2] == ["import.undone", "import.undo_started"]
    assert office.bring("partners", text).summary["create"] == 2


def test_a_worker_who_waited_while_another_ended_it_tells_nothing_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = office.bring("partners", PARTNERS + "Harbor,CPA,,,,\n")
    ours = running.is_ours

    def after_the_other(import_id: UUID) -> bool:
        monkeypatch.setattr(undoing, "is_ours", ours)
        assert undoing.take_rows(import_id, at=timezone.now()) == []
        return ours(import_id)

    with tenancy.use(office.msp.pk):
        undoing.start(batch, expected=1, by=office.owner, at=timezone.now())
        undoing.undo_rows(batch.pk, undoing.take_rows(batch.pk, at=timezone.now()), at=timezone.now())
        monkeypatch.setattr(undoing, "is_ours", after_the_other)
        assert undoing.take_rows(batch.pk, at=timezone.now()) == []
        assert [event.action for event in trail.history(batch)].count("import.undone") == 1


def test_a_partner_that_was_here_gets_back_what_it_had(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor", city="Troy")
    done = office.bring("partners", PARTNERS + "Harbor,,,,Albany,P-9\n")
    with tenancy.use(office.msp.pk):
        assert Partner.objects.get().city == "Albany"
    take_back(office, done)
    with tenancy.use(office.msp.pk):
        partner = Partner.objects.get()
        assert (partner.city, partner.external_id) == ("Troy", "")


def test_what_people_worked_on_since_stays_and_says_who_did_what(office: Office) -> None:
    done = office.bring("partners", PARTNERS + "Harbor,CPA,,,,\nMaple,CPA,,,,\nOak,CPA,,,,\n")
    with tenancy.use(office.msp.pk):
        later = (timezone.now() + timedelta(days=1)).replace(hour=2)  # the evening before, in New York
        onboarding.activate(Partner.objects.get(name="Harbor"), by=office.owner, at=later)
        pipeline.submit(
            Partner.objects.get(name="Maple"), company="Elm", channel="dashboard", by=office.owner, at=later
        )
    assert [number for number, _ in kept(office, done)] == [2, 3]
    take_back(office, done)
    harbor, maple, oak = undone(office, done)
    assert harbor[1] == "kept"
    assert harbor[2].startswith("Olga Owner ")
    assert harbor[2].endswith(f", {say_day(later.date() - timedelta(days=1))}.")
    assert maple == (3, "kept", "They introduced Elm.")
    assert oak == (4, "undone", "")
    with tenancy.use(office.msp.pk):
        assert sorted(Partner.objects.values_list("name", flat=True)) == ["Harbor", "Maple"]


def test_introductions_are_closed_without_credit_and_keep_nobody_else_waiting(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        mine = builders.a_partner("Mine", state=PartnerState.ACTIVE)
    day = office.msp.today(timezone.now()) - timedelta(days=9)
    batch = office.bring(
        "referrals",
        REFERRALS + f"Elm,New One,{day},Proposal,elm.example\nOak,Mine,{day},,\n",
        creates_partners=True,
        kind="vendor",
    )
    with tenancy.use(office.msp.pk):
        other = pipeline.submit(
            mine, company="Elm", website="elm.example", channel="portal", by=office.owner, at=timezone.now()
        )
        assert not other.credits.exists()
        assert Finding.objects.count() == 1
    done = take_back(office, batch)
    assert [(number, undo) for number, undo, _ in undone(office, done)] == [(2, "undone"), (3, "undone")]
    with tenancy.use(office.msp.pk):
        elm, oak = Referral.objects.exclude(pk=other.pk).order_by("company")
        assert {elm.stage, oak.stage} == {ReferralStage.LOST}
        assert not elm.credits.exists()
        assert not MatchKeys.objects.filter(referral__in=[elm, oak]).exists()
        assert other.credits.get().basis_points == 10_000
        assert Partner.objects.get(name="New One").state == PartnerState.PARTED
    again = office.check("referrals", REFERRALS + f"Oak,Mine,{day},,\n")
    assert office.fates(again) == [(2, "create", "")]


def test_an_introduction_that_was_here_goes_back_to_its_stage_and_a_closed_one_stays(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        mine = builders.a_partner("Mine")
        builders.a_referral(mine, company="Elm")
        builders.a_referral(mine, company="Oak")
    batch = office.bring("referrals", REFERRALS + "Elm,Mine,,Proposal,\nOak,Mine,,Lost,\n")
    take_back(office, batch)
    assert undone(office, batch) == [
        (2, "undone", ""),
        (3, "kept", "It closed an introduction that was here. Look at that one on its page."),
    ]
    with tenancy.use(office.msp.pk):
        assert Referral.objects.get(company="Elm").stage == ReferralStage.REGISTERED


@pytest.fixture
def deals(office: Office) -> Import:
    """Two clients of one partner, earning by a plan, one of them with two contracts."""
    with tenancy.use(office.msp.pk):
        builders.a_partner("Mine", state=PartnerState.ACTIVE)
        builders.a_plan()
    return office.bring(
        "clients",
        CLIENTS
        + "Elm,Security,500,2026-01-01,2026-01-01,Mine,\n"
        + "Elm,Managed services,300,2026-01-01,2026-01-01,Mine,\n"
        + "Oak,Security,900,2026-02-01,2026-02-01,Mine,\n",
    )


def books(office: Office) -> list[invariants.Broken]:
    with tenancy.use(office.msp.pk):
        return invariants.check(today=office.msp.today(timezone.now()))


def accrue(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        now = timezone.now()
        accruals.accrue(today=office.msp.today(now), at=now)
        accruals.release(today=office.msp.today(now), at=now)


def test_clients_end_on_their_first_day_and_their_commission_is_voided(office: Office, deals: Import) -> None:
    accrue(office)
    with tenancy.use(office.msp.pk):
        assert Entry.objects.exclude(stage=Stage.VOID).count() > 20
    done = take_back(office, deals)
    assert [undo for _, undo, _ in undone(office, done)] == ["undone"] * 3
    with tenancy.use(office.msp.pk):
        assert not Entry.objects.exclude(stage=Stage.VOID).exists()
        assert {client.state for client in Client.objects.all()} == {ClientState.LEFT}
        assert all(one.ends_on == one.starts_on for one in Contract.objects.all())
        assert {one.stage for one in Referral.objects.all()} == {ReferralStage.LOST}
    assert books(office) == []
    again = office.check("clients", CLIENTS + "Elm,Security,500,2026-01-01,2026-01-01,Mine,\n")
    assert office.fates(again) == [(2, "create", "")]


def test_what_is_in_a_payout_stays_and_so_does_the_client_of_the_contract_that_does(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Mine", state=PartnerState.ACTIVE)
        builders.a_plan()
    new = office.msp.today(timezone.now()).replace(day=1)
    deals = office.bring(
        "clients",
        CLIENTS
        + f"Elm,Security,500,{new},{new},Mine,\n"
        + "Elm,Managed services,300,2026-01-01,2026-01-01,Mine,\n"
        + f"Oak,Security,900,{new},{new},Mine,\n",
    )
    accrue(office)
    with tenancy.use(office.msp.pk):
        now = timezone.now()
        payouts.open_run(cutoff_on=office.msp.today(now), by=office.owner, at=now)
    assert kept(office, deals) == [
        (2, "It has another contract, for Managed services."),
        (3, "What was earned with it is in payout 1."),
    ]
    done = take_back(office, deals)
    assert [(number, undo) for number, undo, _ in undone(office, done)] == [(2, "kept"), (3, "kept"), (4, "undone")]
    with tenancy.use(office.msp.pk):
        assert Client.objects.get(name="Elm").state == ClientState.ACTIVE
        assert Client.objects.get(name="Oak").state == ClientState.LEFT
    assert books(office) == []


def test_an_mrr_that_was_changed_goes_back_unless_it_moved_on(office: Office, deals: Import) -> None:
    batch = office.bring(
        "clients",
        CLIENTS
        + "Elm,Security,550,2026-01-01,2026-01-01,Mine,2026-05-01\n"
        + "Oak,Security,950,2026-02-01,2026-02-01,Mine,2026-05-01\n",
    )
    with tenancy.use(office.msp.pk):
        oak = Contract.objects.get(client__name="Oak")
        contracts.move(oak, effective_on=date(2026, 6, 1), mrr_minor=99_900, by=office.owner, at=timezone.now())
    take_back(office, batch)
    assert undone(office, batch) == [(2, "undone", ""), (3, "kept", "The MRR of its contract was changed since.")]
    with tenancy.use(office.msp.pk):
        last = Contract.objects.get(client__name="Elm", service_line__name="Security").movements.order_by("-pk")[0]
        assert (last.effective_on, last.mrr_minor, last.kind) == (date(2026, 5, 1), 50_000, "correction")
    assert [number for number, _ in kept(office, deals)] == [2, 4]


def test_a_balance_is_voided_and_one_in_a_payout_stays(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        for name in ("Harbor", "Maple"):
            builders.a_partner(name, state=PartnerState.ACTIVE)
    header = "Partner,Owed,Owed on\n"
    first = office.bring("opening", header + "Harbor,100,2026-01-01\n")
    accrue(office)
    with tenancy.use(office.msp.pk):
        now = timezone.now()
        payouts.open_run(cutoff_on=office.msp.today(now), by=office.owner, at=now)
    second = office.bring("opening", header + "Maple,100,2026-01-01\n")
    with tenancy.use(office.msp.pk), pytest.raises(undoing.NothingToUndo):
        undoing.start(first, expected=0, by=office.owner, at=timezone.now())
    assert kept(office, first) == [(2, "What was earned with it is in payout 1.")]
    take_back(office, second)
    with tenancy.use(office.msp.pk):
        assert Entry.objects.get(partner__name="Maple").stage == Stage.VOID
    assert books(office) == []


def test_a_document_that_was_changed_stays(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_contract(builders.a_client(name="Elm"))
    header = "Invoice number,Client,Invoice date,Amount\n"
    office.bring("invoices", header + "1001,Elm,2026-01-01,100\n1002,Elm,2026-02-01,100\n")
    changed = office.bring("invoices", header + "1002,Elm,2026-02-01,101\n")
    assert kept(office, changed) == [(2, "It changed a document that was here. Bring the document as it was before.")]


def test_an_import_is_taken_back_once_and_only_as_it_was_shown(office: Office) -> None:
    batch = office.bring("partners", PARTNERS + "Harbor,CPA,,,,\n")
    with tenancy.use(office.msp.pk), pytest.raises(undoing.OutlookChanged, match="It would be 1 now, and 2 were shown"):
        undoing.start(batch, expected=2, by=office.owner, at=timezone.now())
    done = take_back(office, batch)
    with tenancy.use(office.msp.pk), pytest.raises(imports.MovedOn):
        undoing.start(done, expected=1, by=office.owner, at=timezone.now())


def test_an_import_that_was_not_finished_cannot_be_taken_back(office: Office) -> None:
    batch = office.check("partners", PARTNERS + "Harbor,CPA,,,,\n")
    with tenancy.use(office.msp.pk), pytest.raises(imports.MovedOn):
        undoing.start(batch, expected=1, by=office.owner, at=timezone.now() + timedelta(0))


def test_voided_documents_are_still_on_record(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_contract(builders.a_client(name="Elm"))
    batch = office.bring("invoices", "Invoice number,Client,Invoice date,Amount\n1001,Elm,2026-01-01,100\n")
    take_back(office, batch)
    with tenancy.use(office.msp.pk):
        versions = BillingFact.objects.order_by("version").values_list("version", "is_void", "is_current")
        assert list(versions) == [(1, False, False), (2, True, True)]
