"""The main job by hand: an owner, a finance person and a partner with their browsers, and a real worker."""

import re
from datetime import date
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Request
from pytest_django.live_server_helper import LiveServer

from commissions.engine import add_months
from commissions.models import Entry, Stage
from commissions.tasks import accrue
from elinkages.accounts.models import Msp, User
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals.models import Referral
from tests import builders
from tests.browser import DESKTOP, PHONE
from tests.scenarios.browsing import Visitor, letter
from tests.worker import ROOT, until, worker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "orbit velvet lantern 58"
PARTNERS = ROOT / "elinkages" / "static" / "examples" / "partners.csv"
SEND_A_TWIN = """form => form.addEventListener("submit", () => {
  fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true }).catch(() => null);
})"""


def test_from_sign_up_to_a_paid_and_explained_commission_by_hand(
    browser: Browser, live_server: LiveServer, tmp_path: Path
) -> None:
    site = live_server.url
    today = timezone.localdate(timezone=ZoneInfo("America/New_York"))  # what an MSP begins with
    first = add_months(today.replace(day=1), -3)
    owner, finance = Visitor(browser, site, DESKTOP), Visitor(browser, site, DESKTOP)
    petra = Visitor(browser, site, PHONE)
    with worker(tmp_path):
        home = _signs_up(owner, tmp_path)
        msp_id = Msp.objects.get(slug=home.strip("/")).pk
        _joins_as_finance(owner, finance, home, tmp_path)
        _publishes_a_plan(owner, home)
        _imports_partners(owner, home, msp_id)
        _invites(owner, home)
        _joins_as_partner(petra, home, tmp_path)
        _refers_twice_at_once(petra)
        _wins(owner, home, first)
        _the_worker_accrues(msp_id, first)
        run = _opens_a_run(finance, home)
        phone = Visitor(browser, site, PHONE, logged_in_as=owner)
        _approves(phone, home)
        _pays(finance, run)
        _reads_why(petra, home, tmp_path)
    for person in (owner, finance, petra, phone):
        person.page.evaluate("0")
        assert person.faults == []
        person.context.close()
    with tenancy.use(msp_id):
        assert Referral.objects.count() == 1, "the form that was sent twice had one effect"
    call_command("check_books", deep=True)


def test_what_is_wrong_with_a_page_is_noticed(browser: Browser, live_server: LiveServer) -> None:
    visitor = Visitor(browser, live_server.url, PHONE)
    wide = "<h1>Wide</h1><p style='width: 900px'>Too wide.</p><script>console.error('broken')</script>"
    visitor.page.route("**/wide/", lambda route: route.fulfill(body=wide, content_type="text/html"))
    visitor.open("/wide/")
    visitor.is_at("Wide")
    visitor.page.evaluate("0")
    visitor.context.close()
    assert [fault.partition(" ")[0] for fault in visitor.faults] == ["/wide/:", "/wide/:"], visitor.faults


def _signs_up(owner: Visitor, folder: Path) -> str:
    """Olive comes from the street, proves her address and sets up her MSP; returns the path of her home."""
    owner.open("/")
    owner.press("Sign up", then="Sign up")
    owner.fill({"Your name": "Olive Owner", "E-mail": "olive@northwind.example", "Password": PASSWORD})
    owner.press("Sign up", then="Enter the code from your e-mail")
    owner.fill({"Code": letter(folder, to="olive@northwind.example", says=r"signed up:\s+(\S+)\s+It works")})
    owner.press("Confirm", then="Set up your MSP")
    owner.fill({"Company name": "Northwind IT", "Time zone": "UTC"})
    owner.press("Set up", then="Home")
    owner.reads("From here to your first commission")
    return owner.page.url.removeprefix(owner.page.evaluate("location.origin"))


def _has_a_second_factor(email: str) -> None:
    """As money and invitations ask for; how one is made in a browser is tried in tests/accounts."""
    builders.a_second_factor(User.objects.get(email=email))


def _joins_as_finance(owner: Visitor, finance: Visitor, home: str, folder: Path) -> None:
    _has_a_second_factor("olive@northwind.example")
    owner.press("Invite a colleague", then="Team")
    owner.press("Invite someone", then="Invite someone to your team")
    owner.fill({"E-mail": "fay@northwind.example"})
    owner.field("Finance").check()
    owner.press("Send invitation", then="Team")
    finance.open(letter(folder, to="fay@northwind.example", says=r"(https?://\S+/invitation/\S+)\s"))
    finance.is_at("Join Northwind IT")
    finance.fill({"Your name": "Fay Finance", "Choose a password": PASSWORD})
    finance.press("Join the team", then="Home")
    assert finance.page.url.endswith(home)


def _publishes_a_plan(owner: Visitor, home: str) -> None:
    """10% for a year as it is suggested, payable at once, for everyone."""
    owner.open(home)
    owner.press("Set a plan", then="Plans")
    owner.press("10% for a year", then="New plan")
    owner.fill({"Held before": "0"})
    owner.press("Publish plan", then="10% for a year")
    owner.press("Say where it applies", then="Say where a plan applies")
    owner.press("Apply plan", then="Where plans apply")
    owner.reads("Everyone", "10% for a year")


def _imports_partners(owner: Visitor, home: str, msp_id: UUID) -> None:
    """The example file of the page itself: every row is new, and in the list afterwards."""
    owner.open(home)
    owner.press("Import a spreadsheet", then="Import a spreadsheet")
    owner.field("Partners").check()
    owner.field("File").set_input_files(PARTNERS)
    owner.press("Upload", then="Which column is what?")
    owner.press("Check all rows", then="partners.csv")
    owner.press("Import 5 rows", then="partners.csv")
    owner.reads("Import another")
    with tenancy.use(msp_id):
        assert Partner.objects.count() == 5


def _invites(owner: Visitor, home: str) -> None:
    owner.open(f"{home}partners/")
    owner.reads("Harbor & Finch CPAs", "Stackware")
    owner.press("Add a partner", then="Add a partner")
    owner.field("Center of influence").check()
    owner.fill({"Firm": "Park & Ledger CPAs", "Person": "Petra Park", "E-mail": "petra@parkledger.example"})
    owner.press("Add and invite", then="Invite Park & Ledger CPAs")
    owner.fill({"Your message": "You know everyone in town, Petra."})
    owner.press("Send invitation", then="Park & Ledger CPAs")
    owner.reads("Invited")


def _joins_as_partner(petra: Visitor, home: str, folder: Path) -> None:
    petra.open(letter(folder, to="petra@parkledger.example", says=r"(https?://\S+/invitation/\S+)\s"))
    petra.is_at("Refer clients to Northwind IT")
    petra.reads("You know everyone in town, Petra.")
    petra.fill({"Choose a password": PASSWORD})
    petra.press("Accept and open my portal", then="Hello, Petra Park")
    assert petra.page.url.endswith(f"/p{home}")


def _refers_twice_at_once(petra: Visitor) -> None:
    """Her thumb sends the form, and a second request with the same form goes out in the same moment."""
    sent: list[Request] = []
    petra.press("Refer someone", then="Refer someone")
    petra.fill({"Company": "Brightwater Dental, LLC", "Person": "Ann Water", "E-mail": "ann@brightwater.example"})
    petra.fill({"Why are they a fit?": "Two new offices, and nobody looks after the computers."})
    petra.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    petra.page.locator("main form").evaluate(SEND_A_TWIN)
    petra.press("Send introduction", then="Thank you")
    assert len(sent) == 2, "the form was sent twice"
    petra.reads("We have your introduction of Brightwater Dental, LLC.")
    petra.press("See where it stands", then="Brightwater Dental, LLC")


def _wins(owner: Visitor, home: str, first: date) -> None:
    """Home asks for the first contact; then step by step to a client who pays since three whole months."""
    owner.open(home)
    owner.reads("Brightwater Dental, LLC")
    owner.page.locator("main li", has_text="Brightwater Dental, LLC").get_by_role("link").first.click()
    owner.is_at("Brightwater Dental, LLC")
    owner.press("Record first contact", then="Brightwater Dental, LLC")
    owner.fill({"What happened": "Called Ann; she wants an offer."})
    owner.press("Record contact", then="Brightwater Dental, LLC")
    owner.press("Mark as qualified", then="Brightwater Dental, LLC")
    owner.press("Proposal sent", then="Brightwater Dental, LLC")
    owner.press("Win", then="Win Brightwater Dental, LLC")
    owner.field("Service line").select_option(index=1)
    owner.fill({"MRR": "2,500", "First day of service": first.isoformat(), "First invoice": first.isoformat()})
    owner.reads("10% for a year")
    owner.press("Win the deal", then="Brightwater Dental, LLC")
    owner.reads("$2,500.00")


def _the_worker_accrues(msp_id: UUID, first: date) -> None:
    """Three months are over, and payable as nothing is held. A second nudge changes nothing."""

    def months() -> list[tuple[date, int]]:
        with tenancy.use(msp_id):
            found = Entry.objects.filter(stage=Stage.PAYABLE).order_by("earning_month")
            return list(found.values_list("earning_month", "minor"))

    owed = [(add_months(first, month), 25_000) for month in range(3)]
    for _ in range(2):
        accrue.delay(msp_id=str(msp_id))
    until(lambda: months() == owed, "three months are payable")


def _opens_a_run(finance: Visitor, home: str) -> str:
    """Finance opens the run and finds no way to approve it alone, not even by hand; returns its path."""
    _has_a_second_factor("fay@northwind.example")
    finance.open(home)
    finance.press("Payouts", then="Payouts")
    finance.reads("Park & Ledger CPAs", "$750.00")
    finance.press("Open a payout run", then="Payout run 1")
    finance.reads("You opened this run, so someone else must approve it.", "Olive Owner may.")
    finance.page.locator("main summary", has_text="Park & Ledger CPAs").click()
    finance.reads("10% of $2,500.00")
    assert finance.page.get_by_role("button", name=re.compile("^Approve")).count() == 0
    run = finance.page.url
    token = finance.page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    answer = finance.context.request.post(
        f"{run}approval/", form={"csrfmiddlewaretoken": token or ""}, headers={"Referer": run}
    )
    assert answer.status in (409, 422)
    assert "omeone else" in answer.text()
    return run


def _approves(phone: Visitor, home: str) -> None:
    """The owner on the way home: what needs them, the run with its reasons, one button with the sum on it."""
    phone.open(home)
    phone.page.locator("main li", has_text="ayout run 1").get_by_role("link").first.click()
    phone.is_at("Payout run 1")
    phone.press("Approve 1 payout, $750.00", then="Payout run 1")
    phone.reads("Approved by Olive Owner")


def _pays(finance: Visitor, run: str) -> None:
    finance.open(run)
    finance.press("Release 1 payout, $750.00", then="Payout run 1")
    finance.page.get_by_role("dialog").get_by_role("button", name="Release 1 payout, $750.00").click()
    finance.fill({"Reference for Park & Ledger CPAs": "ACH 7781"})
    finance.press("Record as paid", then="Payout run 1")
    finance.reads("Closed", "Paid")


def _reads_why(petra: Visitor, home: str, folder: Path) -> None:
    """On the phone: what was earned, each amount opened to its reason, and the statement that adds up."""
    letter(folder, to="petra@parkledger.example", says=r"(\$750\.00)")
    petra.open(f"/p{home}")
    petra.press("Earnings", then="Earnings")
    petra.reads("$750.00", "250.00", "Brightwater Dental, LLC")
    petra.press("Brightwater Dental, LLC", then="$250.00 for")
    petra.reads("10% of $2,500.00")
    petra.press("Statement 1", then="Statement 1")
    petra.reads("10% of $2,500.00", "ACH 7781", "$750.00")
    assert petra.page.locator("main tbody tr", has_text="10% of $2,500.00").count() == 3
