"""All statements of a run in one download: what is in it, who may have it, and when there is none."""

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.utils import timezone
from pypdf import PdfReader

from commissions import payouts, run_statements, statement_files
from commissions.models import Payout, PayoutRun
from commissions.statements import statement
from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.lists import tasks
from elinkages.lists.models import Export, ExportState
from tests import builders
from tests.commissions.owing import payable

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("Harbor & Finch CPAs", "../../etc/passwd", "=cmd|' /C calc'!A0")


class Office:
    """An MSP with a run of three payouts, one of them canceled, and who looks at it."""

    def __init__(self) -> None:
        self.msp: Msp = builders.an_msp("Acme IT")
        self.finn = builders.a_member(self.msp, Role.FINANCE, "Finn")
        self.olivia = builders.a_member(self.msp, Role.OWNER, "Olivia")
        now = timezone.now()
        with tenancy.use(self.msp.pk):
            for number, name in enumerate(NAMES):
                payable(builders.a_partner(name), 10_000 + number)
            payable(builders.a_partner("Left Out Ltd"), 50_000)
            self.run: PayoutRun = payouts.open_run(cutoff_on=self.msp.today(now), by=self.finn, at=now).run
            left_out = Payout.objects.get(partner__name="Left Out Ltd")
            payouts.cancel_payout(left_out, reason="Not now", by=self.finn, at=now)

    def release(self) -> None:
        now = timezone.now()
        with tenancy.use(self.msp.pk):
            payouts.approve(self.run, by=self.olivia, at=now)
            payouts.release(self.run, by=self.finn, at=now)

    def ask(self, member: Membership, format_: str, run: PayoutRun | None = None) -> Any:
        browser = builders.a_browser(member.user)
        url = doors.url("dashboard", member.msp, "dashboard:payout-run-statements", (run or self.run).pk)
        return browser.post(url, {"format": format_})

    def fetch(self, member: Membership, format_: str) -> bytes:
        """Ask, let a worker write it, follow the link of the page."""
        page = self.ask(member, format_)["Location"]
        with tenancy.use(self.msp.pk):
            export = Export.objects.latest("asked_at")
        tasks.write_export.run(msp_id=str(self.msp.pk), export_id=str(export.pk))
        browser = builders.a_browser(member.user)
        link = re.search(r'href="([^"]+/file/[^"]+)"', browser.get(page).content.decode())
        assert link
        return bytes(browser.get(link[1].replace("&amp;", "&")).content)


@pytest.fixture
def office(transactional_db: None) -> Office:
    return Office()


def test_a_zip_has_the_statement_of_every_payout_as_its_partner_reads_it(office: Office) -> None:
    office.release()
    archive = zipfile.ZipFile(io.BytesIO(office.fetch(office.finn, "zip")))
    with tenancy.use(office.msp.pk):
        told = list(run_statements.told_in(office.run))
        alone = {payout.number: statement_files.payout_pdf(statement(payout), office.msp) for payout in told}
    names = [f"Statement {one.number}, {name}.pdf" for one, name in zip(told, _clean(told), strict=True)]
    assert archive.namelist() == names
    assert [archive.read(name) for name in names] == list(alone.values())
    said = PdfReader(io.BytesIO(archive.read(names[0]))).pages[0].extract_text()
    assert told[0].partner.name[:10] in said
    assert "Left Out" not in " ".join(names)


def _clean(told: list[Payout]) -> list[str]:
    safe = {NAMES[0]: NAMES[0], NAMES[1]: "etc passwd", NAMES[2]: "cmd ' C calc' A0"}
    return [safe[payout.partner.name] for payout in told]


def test_the_csv_has_every_line_with_its_partner_and_no_formula(office: Office) -> None:
    office.release()
    rows = list(csv.reader(io.StringIO(office.fetch(office.olivia, "csv").decode())))
    assert rows[0][:2] == ["Partner", "Type"]
    assert [row[-3] for row in rows if row[1] == "On its way"] == ["100.02", "100.01", "100.00"]
    assert {row[0] for row in rows[1:]} == {NAMES[0], NAMES[1], f"'{NAMES[2]}"}


def test_asking_and_downloading_is_in_the_history(office: Office) -> None:
    office.release()
    office.fetch(office.finn, "csv")
    with tenancy.use(office.msp.pk):
        export = Export.objects.get()
        assert (export.title, export.rows, export.state) == ("Statements of run 1", 3, ExportState.DONE)
        told = AuditEvent.objects.filter(target_id=export.pk).order_by("pk")
        assert [(event.action, event.actor_name) for event in told] == [
            ("export.asked", "Finn"),
            ("export.fetched", "Finn"),
        ]


def test_there_is_none_before_the_run_is_released_and_the_page_does_not_offer_it(office: Office) -> None:
    answer = office.ask(office.finn, "zip")
    assert answer.status_code == 409
    assert "Statements are made when the run is released" in answer.content.decode()
    browser = builders.a_browser(office.finn.user)
    url = doors.url("dashboard", office.msp, "dashboard:payout-run", office.run.pk)
    assert "Every line" not in browser.get(url).content.decode()
    office.release()
    assert "Every line" in browser.get(url).content.decode()


def test_another_msp_has_no_part_in_it(office: Office) -> None:
    office.release()
    rival = builders.an_msp("Rival")
    charlie = builders.a_member(rival, Role.OWNER, "Charlie")
    assert office.ask(charlie, "zip").status_code == 404
    assert office.ask(office.finn, "xlsx").status_code == 409


def test_a_run_that_is_too_long_for_one_file_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.release()
    monkeypatch.setattr(run_statements, "MOST", 2)
    answer = office.ask(office.finn, "zip")
    assert "holds the statements of 2 payouts, and this run has more" in answer.content.decode()


def test_what_cannot_be_written_is_told_with_its_reason(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.release()
    monkeypatch.setattr("elinkages.kernel.pdf.LARGEST_DATA", 10)
    page = office.ask(office.finn, "zip")["Location"]
    with tenancy.use(office.msp.pk):
        export = Export.objects.get()
    tasks.write_export.run(msp_id=str(office.msp.pk), export_id=str(export.pk))
    browser = builders.a_browser(office.finn.user)
    assert "too long for one document" in browser.get(page).content.decode()


def test_a_file_of_a_run_that_is_gone_is_given_up(office: Office) -> None:
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        export = Export.objects.create(
            listing="run-statements",
            title="Statements",
            query="run=nonsense",
            format="zip",
            asked_by=office.finn,
            asked_at=now,
            moved_at=now,
        )
    tasks.write_export.run(msp_id=str(office.msp.pk), export_id=str(export.pk))
    with tenancy.use(office.msp.pk):
        export.refresh_from_db()
    assert (export.state, export.error) == (ExportState.FAILED, "Its owner may no longer see this, or it is gone.")
