"""Lists as files: what is shown and nothing else, safe in a spreadsheet, fetched by whom it is for, gone in time."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.lists import exports, tasks
from elinkages.lists.models import Export, ExportFile, ExportState
from referrals.listings import REFERRALS
from referrals.models import Stage
from tests import builders, queue
from tests.lists.conftest import Office, browse, make_office, text_of
from tests.worker import until, worker

pytestmark = pytest.mark.django_db


def take(office: Office, query: str = "", format_: str = "csv") -> Any:
    """Ask for a file and follow the link to it."""
    browser = browse(office.owner)
    answer = browser.post(office.url(f"referrals/export/{query}"), {"format": format_})
    assert answer.status_code == 302
    return browser.get(answer["Location"])


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_file_holds_exactly_what_the_list_shows_in_its_order(office: Office) -> None:
    office.fill(60, expected_mrr_minor=123_456)
    with tenancy.use(office.msp.pk):
        builders.a_referral(office.partner, "Lost one", stage=Stage.LOST, lost_reason="price")
    answer = take(office, "?sort=name&columns=partner&columns=mrr&kind=centre_of_influence")
    rows = rows_of(answer)
    assert rows[0] == ["Company", "Contact", "Partner", "Kind of source", "Expected MRR, USD"]
    assert [row[0] for row in rows[1:]] == [f"Company {number:03}" for number in range(60)]
    assert rows[1][-1] == "1234.56"
    assert "attachment" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff", "Django says it of every answer"
    assert answer["Cache-Control"] == "private, no-store"


def test_no_cell_is_a_formula_in_either_format(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        partner = builders.a_partner('=HYPERLINK("http://x.test")')
        builders.a_referral(partner, "@SUM(A1)", next_action="+1", contact_name="-2+3")
    rows = rows_of(take(office))
    assert rows[1][0] == "'@SUM(A1)"
    assert rows[1][1] == "'-2+3"
    assert rows[1][2] == '\'=HYPERLINK("http://x.test")'
    sheet = load_workbook(io.BytesIO(take(office, format_="xlsx").content)).active
    assert sheet is not None
    assert {cell.data_type for cell in sheet[2]} <= {"s", "d", "n"}
    assert sheet["A2"].value == "@SUM(A1)"


def test_an_excel_file_has_amounts_and_days_that_can_be_reckoned_with(office: Office) -> None:
    due = timezone.now().date()
    office.fill(2, expected_mrr_minor=245_050, next_action="Call", next_action_on=due)
    sheet = load_workbook(io.BytesIO(take(office, format_="xlsx").content)).active
    assert sheet is not None
    heads = [cell.value for cell in sheet[1]]
    amount = sheet.cell(2, heads.index("Expected MRR, USD") + 1)
    assert (amount.value, amount.number_format) == (2450.5, "#,##0.00")
    day: Any = sheet.cell(2, heads.index("Due on") + 1)
    assert day.value.date() == due
    registered: Any = sheet.cell(2, heads.index("Registered") + 1)
    assert registered.is_date
    assert sheet.freeze_panes == "A2"


def test_a_link_is_for_its_person_and_for_ten_minutes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fill(1)
    browser = browse(office.owner)
    link = browser.post(office.url("referrals/export/"), {"format": "csv"})["Location"]
    assert browse(office.manager).get(link).status_code == 404
    assert browser.get(link + "x").status_code == 410
    with tenancy.use(office.msp.pk):
        export = Export.objects.get()
    assert browser.get(office.url(f"exports/{export.pk}/file/"))["Location"] == office.url(f"exports/{export.pk}/")
    assert browser.get(link).status_code == 200
    monkeypatch.setattr(exports, "LINK_SECONDS", -1)
    answer = browser.get(link)
    assert answer.status_code == 410
    assert "This link is too old." in text_of(answer)
    monkeypatch.undo()
    with tenancy.use(office.msp.pk), pytest.raises(exports.LinkTooOld, match="someone else"):
        exports.fetch(export, exports.ticket(export), by=office.manager, at=timezone.now())


def test_asking_and_downloading_are_in_the_history(office: Office) -> None:
    office.fill(3)
    take(office, "?stage=registered")
    with tenancy.use(office.msp.pk):
        told = AuditEvent.objects.filter(target_type="lists.export").order_by("pk")
        assert [event.action for event in told] == ["export.asked", "export.fetched"]
        assert told[0].facts == {"rows": 3, "filters": "stage=registered"}
        export = Export.objects.get()
    page = text_of(browse(office.owner).get(office.url(f"exports/{export.pk}/")))
    assert "Ana Ruiz asked for 3 rows as a file" in page
    assert "Ana Ruiz downloaded the file" in page


def test_only_an_owner_sees_what_others_took_and_even_they_cannot_download_it(office: Office) -> None:
    office.fill(1)
    browse(office.manager).post(office.url("referrals/export/"), {"format": "csv"})
    with tenancy.use(office.msp.pk):
        export = Export.objects.get()
    page = text_of(browse(office.owner).get(office.url("exports/")))
    assert "Max Mora" in page
    assert "Download" not in page
    page = text_of(browse(office.owner).get(office.url(f"exports/{export.pk}/")))
    assert "Only Max Mora can download this file." in page
    assert browse(office.reader).get(office.url(f"exports/{export.pk}/")).status_code == 404
    assert "Nothing has been exported yet" in text_of(browse(office.reader).get(office.url("exports/")))


def test_a_format_that_does_not_exist_is_refused_and_a_list_that_is_too_long(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.fill(3)
    browser = browse(office.owner)
    assert browser.post(office.url("referrals/export/"), {"format": "pdf"}).status_code == 409
    monkeypatch.setattr(exports, "MOST", 2)
    answer = browser.post(office.url("referrals/export/"), {"format": "csv"})
    assert "A file can have 2 rows, and this list has more." in text_of(answer)


def test_an_address_that_is_longer_than_what_a_file_remembers_of_it_is_refused(office: Office) -> None:
    """Of what is searched every letter may be twelve in an address."""
    browser = browse(office.owner)
    searched = quote("🍕" * 160)
    columns = "".join(f"&columns={column.name}" for column in REFERRALS.columns)
    answer = browser.post(office.url(f"referrals/export/?q={searched}{columns}"), {"format": "csv"})
    assert answer.status_code == 409
    assert "Remove some filters" in text_of(answer)
    answer = browser.post(office.url(f"partners/agreement/export/?x={'y' * 2_000}"), {"format": "csv"})
    assert answer.status_code == 409


def test_files_are_deleted_when_their_time_is_over(office: Office) -> None:
    office.fill(1)
    take(office)
    with tenancy.use(office.msp.pk):
        assert exports.expire(timezone.now()) == 0
        assert exports.expire(timezone.now() + exports.KEPT_FOR) == 1
        assert not ExportFile.objects.exists()
        export = Export.objects.get()
        assert export.state == ExportState.EXPIRED
        with pytest.raises(exports.Gone, match="The file was deleted"):
            exports.fetch(export, exports.ticket(export), by=office.owner, at=timezone.now())
    assert "The file was deleted." in text_of(browse(office.owner).get(office.url(f"exports/{export.pk}/")))


def test_a_file_that_never_gets_written_is_given_up(office: Office) -> None:
    export = _waiting(office)
    with tenancy.use(office.msp.pk):
        for _ in range(exports.MOST_ATTEMPTS):
            assert exports.take(export.pk, at=timezone.now())
        assert exports.take(export.pk, at=timezone.now()) is None
        export.refresh_from_db()
        assert (export.state, export.finished_at is not None) == (ExportState.FAILED, True)
    assert "3 attempts ended without an answer" in text_of(
        browse(office.owner).get(office.url(f"exports/{export.pk}/"))
    )


@pytest.mark.django_db(transaction=True)
def test_a_long_list_is_written_by_a_worker_and_the_bar_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = make_office()
    office.fill(30)
    monkeypatch.setattr(exports, "AT_ONCE", 10)
    browser = browse(office.owner)
    answer = browser.post(office.url("referrals/export/"), {"format": "xlsx"})
    page = browser.get(answer["Location"])
    assert "Writing rows" in text_of(page)
    with tenancy.use(office.msp.pk):
        export = Export.objects.get()
        assert export.state == ExportState.WAITING

    def done() -> bool:
        with tenancy.use(office.msp.pk):
            export.refresh_from_db()
        return export.state == ExportState.DONE

    with worker(tmp_path):
        until(done, "the file is there")
    with tenancy.use(office.msp.pk):
        assert exports.rows_done(export) == 30
    assert browser.get(office.url(f"exports/{export.pk}/progress/"))["HX-Refresh"] == "true"
    assert "Download" in text_of(browser.get(answer["Location"]))


@pytest.mark.django_db(transaction=True)
def test_a_lost_message_is_sent_again_and_two_workers_write_one_file() -> None:
    office = make_office()
    office.fill(3)
    export = _waiting(office, moved_at=timezone.now() - timedelta(minutes=4))
    queue.empty()
    tasks.sweep.run()
    assert queue.waiting(tasks.write_export) == [{"msp_id": str(office.msp.pk), "export_id": str(export.pk)}]
    for _ in range(2):
        tasks.write_export.run(msp_id=str(office.msp.pk), export_id=str(export.pk))
    with tenancy.use(office.msp.pk):
        assert ExportFile.objects.count() == 1
        assert Export.objects.get().rows == 3


@pytest.mark.django_db(transaction=True)
def test_who_was_sent_away_meanwhile_gets_no_file() -> None:
    office = make_office()
    export = _waiting(office)
    office.owner.deactivated_at = timezone.now()
    office.owner.save(update_fields=["deactivated_at"])
    tasks.write_export.run(msp_id=str(office.msp.pk), export_id=str(export.pk))
    with tenancy.use(office.msp.pk):
        assert Export.objects.get().state == ExportState.FAILED
        assert not ExportFile.objects.exists()


def _waiting(office: Office, **facts: Any) -> Export:
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        facts = {"asked_by": office.owner, "asked_at": now, "moved_at": now, "rows": 3, "format": "csv", **facts}
        facts = {"listing": "referral-list", "title": "Referrals", "query": "", **facts}
        return Export.objects.create(**facts)


def test_a_form_sent_twice_asks_once(office: Office) -> None:
    office.fill(1)
    browser, once = browse(office.owner), str(uuid4())
    first, second = (browser.post(office.url("referrals/export/"), {"format": "csv", "_once": once}) for _ in range(2))
    assert first["Location"] == second["Location"]
    with tenancy.use(office.msp.pk):
        assert Export.objects.count() == 1


def test_a_file_of_a_list_that_one_may_not_see_is_gone(office: Office) -> None:
    export = _waiting(office, listing="closed-list")
    with tenancy.use(office.msp.pk), pytest.raises(exports.Gone, match="no longer have access to what is in this file"):
        exports.fetch(export, exports.ticket(export), by=office.owner, at=timezone.now())
