"""The daily work without a mouse: every step by Tab and Enter, with the focus in sight all the way."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from commissions.models import PayoutRun, RunState
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import
from partners.models import Partner
from referrals import service_lines
from referrals.models import Client
from tests import builders
from tests.browser import DESKTOP, logged_in
from tests.commissions.owing import payable
from tests.scenarios.keys import Keys

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def owner(transactional_db: None) -> Membership:
    msp = builders.an_msp("Northwind IT", slug="northwind")
    with tenancy.use(msp.pk):
        service_lines.seed(builders.AT)
    return builders.a_member(msp, Role.OWNER, "Olive Owner")


def hands(browser: Browser, person: Any, site: str, path: str) -> Keys:
    """Somebody at a page, with their hands on the keyboard."""
    page = logged_in(browser, person, site, viewport=DESKTOP).new_page()
    page.goto(f"{site}{path}")
    return Keys(page)


def test_an_introduction_is_logged_and_the_deal_is_won(
    browser: Browser, live_server: LiveServer, owner: Membership
) -> None:
    with tenancy.use(owner.msp_id):
        builders.a_partner("Park & Ledger CPAs")
        builders.a_plan()
    keys = hands(browser, owner.user, live_server.url, "/northwind/")
    keys.skip()
    keys.press("Log referral", then="Log a referral")
    keys.skip()
    keys.write("Partner", "Park")
    expect(keys.page.get_by_label("Park & Ledger CPAs")).to_be_checked()
    keys.write("Company", "Brightwater Dental")
    keys.write("Person", "Ann Water")
    keys.press("Log referral", then="Brightwater Dental")
    keys.skip()
    keys.go_to("Record first contact")
    keys.page.keyboard.press("Enter")
    keys.write("What happened", "Called Ann; she wants an offer.")
    keys.press("Record contact", then="Brightwater Dental")
    for step in ("Mark as qualified", "Proposal sent"):
        keys.skip()
        keys.press(step, then="Brightwater Dental")
    keys.skip()
    keys.press("Win", then="Win Brightwater Dental")
    keys.skip()
    keys.choose("Service line", "Managed")
    keys.write("MRR", "2500")
    keys.press("Win the deal", then="Brightwater Dental")
    with tenancy.use(owner.msp_id):
        assert Client.objects.get().name == "Brightwater Dental"


def test_a_payout_run_is_opened_approved_and_released_by_two(
    browser: Browser, live_server: LiveServer, owner: Membership
) -> None:
    with tenancy.use(owner.msp_id):
        payable(builders.a_partner("Park & Ledger CPAs"), 75_000)
        finance = builders.a_member(owner.msp, Role.FINANCE, "Fay Finance")
    fay = hands(browser, finance.user, live_server.url, "/northwind/payouts/")
    fay.skip()
    fay.press("Open a payout run", then="Payout run 1")
    olive = hands(browser, owner.user, live_server.url, "/northwind/")
    olive.skip()
    olive.press("Review the run", then="Payout run 1")
    olive.skip()
    olive.press("Approve 1 payout, $750.00", then="Payout run 1")
    olive.skip()
    olive.go_to("Release 1 payout, $750.00")
    olive.page.keyboard.press("Enter")
    dialog = olive.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    olive.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert olive.page.evaluate("document.activeElement.innerText.startsWith('Release')"), "the focus comes back"
    olive.page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    olive.go_to("Release 1 payout, $750.00")
    olive.page.keyboard.press("Enter")
    expect(olive.page.get_by_role("heading", name="Record what the bank paid")).to_be_visible()
    with tenancy.use(owner.msp_id):
        assert PayoutRun.objects.get().state == RunState.RELEASED


def test_a_file_is_brought(browser: Browser, live_server: LiveServer, owner: Membership) -> None:
    example = finders.find("examples/partners.csv")
    assert isinstance(example, str)
    keys = hands(browser, owner.user, live_server.url, "/northwind/imports/new/")
    # From the beginning: a browser that learns of it as the key is pressed may show its own window instead.
    keys.page.on("filechooser", lambda chooser: chooser.set_files(example))
    keys.skip()
    keys.go_to("Partners")
    keys.page.keyboard.press("Space")
    keys.go_to("File")
    keys.page.keyboard.press("Space")
    expect(keys.page.get_by_label("File")).to_have_value(re.compile("partners.csv"))
    keys.press("Upload and choose columns", then="Which column is what?")
    keys.skip()
    keys.press("Check all rows", then="partners.csv")
    told = {"msp_id": str(owner.msp_id), "import_id": _only_import(owner.msp)}
    tasks.check.run(**told)
    keys.page.reload()
    keys.skip()
    keys.press("Import 5 rows", then="partners.csv")
    tasks.run.run(**told)
    with tenancy.use(owner.msp_id):
        assert Partner.objects.count() == 5


def _only_import(msp: Msp) -> str:
    with tenancy.use(msp.pk):
        return str(Import.objects.get().pk)


def test_a_partner_refers_someone(browser: Browser, live_server: LiveServer, owner: Membership) -> None:
    with tenancy.use(owner.msp_id):
        login = builders.a_login(builders.a_partner("Park & Ledger CPAs", joined_at=timezone.now() - timedelta(days=9)))
    keys = hands(browser, login.user, live_server.url, "/p/northwind/")
    keys.press("Refer someone", then="Refer someone")
    keys.skip()
    keys.press("Send introduction", then="Refer someone")
    assert "Company" in keys.page.evaluate("document.activeElement.innerText"), "what is wrong has the focus"
    keys.write("Company", "Brightwater Dental")
    keys.write("Person", "Ann Water")
    keys.write("E-mail", "ann@brightwater.example")
    keys.press("Send introduction", then="Thank you")
