"""Lists by keyboard and mouse, with scripts and without, and nothing that axe finds serious."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, expect

from commissions import payouts
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals.models import Referral
from tests import builders
from tests.browser import DESKTOP, PHONE, is_too_wide, logged_in, serious
from tests.commissions.owing import payable
from tests.lists.conftest import Office, browse, make_office

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


WIDER = """[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => `${one.tagName}.${one.className}`).slice(0, 5)"""


@pytest.fixture
def office(transactional_db: None) -> Office:
    found = make_office()
    found.fill(4)
    return found


def visit(office: Office, browser: Browser, url: str, **options: Any) -> BrowserContext:
    return logged_in(browser, office.owner.user, url, **{"viewport": DESKTOP, **options})


def test_rows_are_ticked_assigned_and_given_back_by_keyboard(
    office: Office, browser: Browser, live_server: Any
) -> None:
    page = visit(office, browser, live_server.url).new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(live_server.url + office.url())
    page.wait_for_function("!!customElements.get('row-selection')")
    assert not page.locator(".selection").is_visible()
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.locator(".selection-count")).to_have_text("2 selected")
    assert serious(page) == []
    page.locator(".pick.every input").check()
    expect(page.locator(".selection-count")).to_have_text("4 selected")
    page.get_by_role("button", name="Assign").press("Enter")
    page.get_by_label("New owner").select_option(label="Max Mora")
    assert serious(page) == []
    page.get_by_role("button", name="Assign 4 referrals").press("Enter")
    page.get_by_role("link", name="Details and undo").press("Enter")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator("main")).to_contain_text("Taken back")
    with tenancy.use(office.msp.pk):
        assert not Referral.objects.filter(owner__isnull=False).exists()
    assert faults == []


def test_the_palette_opens_finds_and_goes_by_keys_alone(office: Office, browser: Browser, live_server: Any) -> None:
    page = visit(office, browser, live_server.url).new_page()
    page.goto(live_server.url + office.url("clients/"))
    page.wait_for_function("!!customElements.get('command-palette')")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.type("company 00")
    expect(page.get_by_role("option")).to_have_count(4)
    assert serious(page) == []
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Company 001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/referrals/*/")
    page.keyboard.press("Control+k")
    page.keyboard.type("team")
    expect(page.locator("dialog [role=option]").first).to_contain_text("Team")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_question_mark_tells_the_keys_and_escape_gives_the_focus_back(
    office: Office, browser: Browser, live_server: Any
) -> None:
    page = visit(office, browser, live_server.url).new_page()
    page.goto(live_server.url + office.url())
    page.wait_for_function("!!customElements.get('keys-help')")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Next and previous row")
    assert serious(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("searchbox").first.focus()
    page.keyboard.type("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    export = page.locator(".list-tools summary")
    export.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="CSV")).to_be_focused()
    page.keyboard.press("Escape")
    expect(export).to_be_focused()
    assert not page.locator(".list-tools details").get_attribute("open")


NEW_PAGES = (
    "payouts/runs/",
    "payouts/",
    "cases/",
    "referrals/links/",
    "settings/activity/",
    "settings/team/",
    "plans/",
)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_that_can_be_taken_along_are_sound(
    office: Office, browser: Browser, live_server: Any, viewport: Any
) -> None:
    now = timezone.now()
    with tenancy.use(office.msp.pk):
        payable(office.partner, 50_000)
        builders.a_link(office.partner)
        builders.a_plan()
        run = payouts.open_run(cutoff_on=office.msp.today(now), by=office.owner, at=now).run
        payouts.approve(run, by=builders.a_member(office.msp, Role.FINANCE, "Finn"), at=now)
        payouts.release(run, by=office.owner, at=now)
    page = visit(office, browser, live_server.url, viewport=viewport).new_page()
    for rest in (*NEW_PAGES, f"payouts/runs/{run.pk}/"):
        page.goto(live_server.url + office.url(rest))
        menu = page.locator("main summary").filter(has_text=re.compile("Export|Statements"))
        if menu.count():  # an empty page has none
            menu.first.click()
        assert serious(page) == [], rest
        assert not is_too_wide(page), (rest, page.evaluate(WIDER))


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_list_with_views_boxes_and_open_menus_is_sound(
    office: Office, browser: Browser, live_server: Any, viewport: Any, scheme: Any
) -> None:
    browse(office.owner).post(office.url("referrals/views/new/?stage=lost"), {"name": "Lost ones"})
    page = visit(office, browser, live_server.url, viewport=viewport, color_scheme=scheme).new_page()
    page.goto(live_server.url + office.url("referrals/?sort=name&columns=email"))
    page.wait_for_function("!!customElements.get('row-selection')")
    page.locator("tbody .pick input").first.check()
    page.locator(".list-tools summary").click()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator(".columns summary").click()
    assert serious(page) == []
    assert not is_too_wide(page), page.evaluate(WIDER)


def test_without_scripts_a_list_is_changed_exported_and_searched(
    office: Office, browser: Browser, live_server: Any
) -> None:
    page = visit(office, browser, live_server.url, java_script_enabled=False).new_page()
    page.goto(live_server.url + office.url())
    page.locator("tbody .pick input").first.check()
    page.get_by_role("button", name="Record contact").click()
    page.get_by_role("button", name="Record contact with 1 referral").click()
    expect(page.locator(".toast")).to_contain_text("Record contact with 1 referral: done.")
    page.locator(".list-tools summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    page.get_by_role("link", name="Search").first.click()
    page.get_by_role("searchbox").fill("harbor")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main .found")).to_contain_text("Harbor & Finch CPAs")
