"""Every list can be taken along: long ones by the machinery, short ones beside it, a partner's own from the portal."""

import csv
import io
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from commissions import payouts
from elinkages.kernel import tenancy
from elinkages.lists import own, wanted
from elinkages.lists.models import Export
from partners import agreements
from partners.joining import pages, rules
from partners.models import PartnerLogin
from referrals import cases, links, protection
from referrals.listings.windows import Windows
from tests import builders
from tests.commissions.owing import payable
from tests.lists.conftest import Office, browse, text_of

pytestmark = pytest.mark.django_db


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.content[:500]
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def take(office: Office, rest: str) -> list[list[str]]:
    """Ask for a file as CSV and follow the link to it."""
    browser = browse(office.owner)
    answer = browser.post(office.url(rest), {"format": "csv"})
    assert answer.status_code == 302, answer.content[:500]
    return rows_of(browser.get(answer["Location"]))


def test_the_team_is_a_file_and_its_taking_is_on_record(office: Office) -> None:
    assert 'action="' + office.url("settings/team/export/") in text_of(
        browse(office.owner).get(office.url("settings/team/"))
    )
    rows = take(office, "settings/team/export/")
    assert rows[0][:3] == ["Person", "E-mail", "Role"]
    assert [row[0] for row in rows[1:]] == ["Ana Ruiz", "Max Mora", "Rita Read"]
    page = text_of(browse(office.owner).get(office.url("settings/activity/")))
    assert "Ana Ruiz asked for 3 rows as a file" in page
    assert "Ana Ruiz downloaded the file" in page


def test_the_trail_is_for_owners_and_can_be_narrowed_to_a_person(office: Office) -> None:
    take(office, "settings/team/export/")
    take_as = browse(office.manager)
    assert take_as.get(office.url("settings/activity/")).status_code == 403
    assert take_as.post(office.url("settings/activity/export/"), {"format": "csv"}).status_code == 403
    browser = browse(office.owner)
    assert "asked for 3 rows" not in text_of(browser.get(office.url(f"settings/activity/?who={office.manager.pk}")))
    assert "asked for 3 rows" in text_of(browser.get(office.url(f"settings/activity/?who={office.owner.pk}")))
    assert any("asked for 3 rows" in row[0] for row in take(office, "settings/activity/export/"))


def test_plans_rules_and_service_lines_are_files(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_plan()
        builders.a_service_line()
    assert take(office, "plans/export/")[1][2]
    assert take(office, "plans/rules/export/")[1][0] == "Everyone"
    assert take(office, "settings/service-lines/export/")[1][1] == "Offered"


def test_the_next_run_tells_who_is_not_paid_and_why(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        payable(office.partner, 50_000)
        payable(builders.a_partner("Lake"), 1)
    assert office.url("payouts/export/") in text_of(browse(office.owner).get(office.url("payouts/")))
    rows = take(office, "payouts/export/")
    assert [(row[0], row[3], row[4]) for row in rows[1:]] == [
        ("Harbor & Finch CPAs", "500.00", "Yes"),
        ("Lake", "0.01", "No"),
    ]
    assert rows[2][5].startswith("Below the minimum")


def test_runs_are_a_list_with_what_they_pay(office: Office) -> None:
    browser = browse(office.owner)
    assert "No payout run yet" in text_of(browser.get(office.url("payouts/runs/")))
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        payable(office.partner, 50_000)
        run = payouts.open_run(cutoff_on=office.msp.today(now), by=office.owner, at=now).run
    rows = take(office, "payouts/runs/export/")
    heads = rows[0]
    assert [rows[1][heads.index(name)] for name in ("Run", "Payouts", "Total, USD")] == ["1", "1", "500.00"]
    assert str(run.pk) in text_of(browser.get(office.url("payouts/")))
    page = text_of(browser.get(office.url(f"payouts/all/?run={run.pk}")))
    assert "Payout run 1" in page
    assert "Harbor &amp; Finch CPAs" in page
    assert [row[0] for row in take(office, f"payouts/all/export/?run={run.pk}")[1:]] == ["ELK-1"]


def test_what_another_page_leads_to_is_one_of_ours_or_no_filter(office: Office) -> None:
    office.fill(2)
    with tenancy.use(office.msp.pk):
        builders.a_referral(builders.a_partner("Lake"), "Alder Legal")
    browser = browse(office.owner)
    page = text_of(browser.get(office.url(f"referrals/?stage=all&partner={office.partner.pk}")))
    assert "Company 001" in page
    assert "Alder Legal" not in page
    assert 'Harbor &amp; Finch CPAs <span class="icon" role="img" aria-label="Show all">' in page
    rival = builders.an_msp("Rival")
    with tenancy.use(rival.pk):
        theirs = builders.a_partner("Theirs")
    for value in (str(theirs.pk), "nonsense"):
        assert "Alder Legal" in text_of(browser.get(office.url(f"referrals/?stage=all&partner={value}")))


def test_cases_and_links_are_lists(office: Office) -> None:
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        referral = builders.a_referral(office.partner, "Mesa Logistics")
        lake = builders.a_partner("Lake")
        cases.open_case(
            referral,
            claimant=lake,
            statement="We met them first.",
            due_on=office.msp.today(now),
            by=office.owner,
            at=now,
        )
        link = links.make(lake, by=office.owner, at=now)
    assert take(office, "cases/export/")[1][:3] == ["Mesa Logistics", "Harbor & Finch CPAs, Lake", "Open"]
    rows = take(office, "referrals/links/export/")
    assert (rows[1][0], link.code in rows[1][1]) == ("Lake", True)


def test_a_file_of_nothing_is_404(office: Office) -> None:
    browser = browse(office.owner)
    for rest in ("clients/billing/export/?client=nonsense", "partners/agreement/signatures/export/"):
        assert browser.post(office.url(rest), {"format": "csv"}).status_code == 404
    with tenancy.use(office.msp.pk):
        assert not Export.objects.exists()


def test_a_name_is_taken_once() -> None:
    class Again(Windows):
        name = "referral-list"

    with pytest.raises(ValueError, match="is taken"):
        wanted.register(Again())


# The portal


def login_of(office: Office) -> PartnerLogin:
    with tenancy.use(office.msp.pk):
        return builders.a_login(office.partner)


def test_a_partner_takes_along_their_own_rows_and_no_others(office: Office) -> None:
    login = login_of(office)
    office.fill(3)
    with tenancy.use(office.msp.pk):
        lake = builders.a_partner("Lake")
        builders.a_referral(lake, "Alder Legal")
        payable(office.partner, 12_345)
        payable(lake, 77_700)
    browser = builders.a_browser(login.user)
    base = f"/p/{office.msp.slug}"
    rows = rows_of(browser.get(f"{base}/referrals/export/"))
    assert [row[0] for row in rows[1:]] == ["Company 002", "Company 001", "Company 000"]
    rows = rows_of(browser.get(f"{base}/earnings/export/?stage=payable"))
    assert [row[-1] for row in rows] == ["Amount, USD", "123.45"]
    assert rows_of(browser.get(f"{base}/earnings/export/?stage=paid"))[1:] == []
    assert rows_of(browser.get(f"{base}/statements/export/"))[1:] == []
    sheet = load_workbook(io.BytesIO(browser.get(f"{base}/earnings/export/?format=xlsx").content)).active
    assert sheet is not None
    assert sheet.cell(2, sheet.max_column).value == 123.45
    assert f"{base}/referrals/export/?format=csv" in text_of(browser.get(f"{base}/referrals/"))


def test_a_partner_with_too_many_rows_is_told_whom_to_ask(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    login = login_of(office)
    office.fill(3)
    monkeypatch.setattr(own, "MOST", 2)
    browser = builders.a_browser(login.user)
    answer = browser.get(f"/p/{office.msp.slug}/referrals/export/")
    assert answer.status_code == 409
    assert "Ask Northwind IT for the whole list." in text_of(answer)


def test_whoever_may_not_see_amounts_gets_no_file_of_them(office: Office) -> None:
    login = login_of(office)
    login.contact.sees_earnings = False
    with tenancy.use(office.msp.pk):
        login.contact.save(update_fields=["sees_earnings"])
    browser = builders.a_browser(login.user)
    for rest in ("earnings", "statements"):
        assert browser.get(f"/p/{office.msp.slug}/{rest}/export/").status_code in (403, 404)


def test_agreement_versions_are_a_file_with_who_signed(office: Office) -> None:
    now = timezone.now()
    assert "agreement/export/" not in text_of(browse(office.owner).get(office.url("partners/agreement/")))
    with tenancy.use(office.msp.pk):
        for number in (1, 2):
            text = f"Words of version {number}."
            kept = agreements.draft(
                kind="", title="Terms", text=text, is_required=number == 2, grace_days=30, by=office.owner, at=now
            )
            agreements.publish(kept, by=office.owner, at=now)
    assert office.url("partners/agreement/export/") in text_of(
        browse(office.owner).get(office.url("partners/agreement/"))
    )
    rows = take(office, "partners/agreement/export/")
    heads = rows[0]
    assert [[row[heads.index(name)] for name in ("Version", "Status", "Signing", "Signed")] for row in rows[1:]] == [
        ["2", "In force", "Required", "0"],
        ["1", "Ended", "Optional", "0"],
    ]
    assert rows[2][heads.index("To be signed by")] == ""


def test_the_questions_and_rules_of_the_join_page_are_files(office: Office) -> None:
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        pages.set_up(by=office.owner, at=now)
        rules.add(kind="vendor", approves=False, member=office.owner, by=office.owner, at=now)
    page = text_of(browse(office.owner).get(office.url("partners/join-page/")))
    assert office.url("partners/join-page/questions/export/") in page
    assert office.url("partners/join-page/rules/export/") in page
    questions = take(office, "partners/join-page/questions/export/")
    assert questions[1][:1] == ["Firm or person"]
    assert questions[1][4] == "Yes"
    assert take(office, "partners/join-page/rules/export/")[1] == [
        "1",
        "When the kind is Vendor",
        "give it to Ana Ruiz",
    ]


def test_the_protection_of_every_kind_is_a_file(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        protection.set_rules({"": 90, "vendor": 30}, by=office.owner, at=timezone.now(), msp=office.msp)
    assert office.url("settings/protection/export/") in text_of(
        browse(office.owner).get(office.url("settings/protection/"))
    )
    rows = take(office, "settings/protection/export/")
    assert ["Vendor", "30", "This kind"] in rows
    assert ["Peer MSP", "90", "Every kind"] in rows
