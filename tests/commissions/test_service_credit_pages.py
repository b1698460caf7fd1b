"""The pages of service credit, as finance and as a partner who has some."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from commissions import service_credits
from commissions.models import CreditApplication, PaidIn, Payout, PayoutRun, PayoutState
from elinkages.accounts import doors
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Partner
from tests import builders
from tests.commissions.desks import Desk
from tests.commissions.owing import payable

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp()


@pytest.fixture
def paul(msp: Msp) -> Partner:
    with tenancy.use(msp.pk):
        partner = builders.a_partner("Paul's Dental")
        payable(partner, 6_000, paid_in=PaidIn.CREDIT)
    return partner


@pytest.fixture
def finn(msp: Msp) -> Desk:
    return Desk(msp, Role.FINANCE, "Finn Finance")


@pytest.fixture
def olivia(msp: Msp) -> Desk:
    return Desk(msp, Role.OWNER, "Olivia Owner")


def today(msp: Msp) -> str:
    return f"{msp.today(timezone.now()):%Y-%m-%d}"


def give(msp: Msp, finn: Desk, olivia: Desk) -> PayoutRun:
    """Through the pages: open a credit run, approve it, release it."""
    assert "Open a credit run" in finn.open("payout-run-list")
    assert finn.send("payout-run-new", cutoff_on=today(msp), rail="credit").status_code == 302
    with tenancy.use(msp.pk):
        run = PayoutRun.objects.get()
    assert olivia.send("payout-run-approval", run.pk).status_code == 302
    assert finn.send("payout-run-release", run.pk).status_code == 302
    return run


def test_credit_from_the_run_to_the_invoice_and_back(msp: Msp, paul: Partner, finn: Desk, olivia: Desk) -> None:
    assert "No service credit yet" in finn.open("service-credit")
    run = give(msp, finn, olivia)
    assert "List for the bank" not in finn.open("payout-run", run.pk)
    assert finn.browser.get(doors.url("dashboard", msp, "dashboard:payout-run-file", run.pk)).status_code == 409
    assert "60.00" in finn.open("service-credit")
    sent = finn.send("credit-apply", paul.pk, reference="INV 7", minor="40.00", applied_on=today(msp))
    assert sent.status_code == 302
    account = finn.open("partner-credit", paul.pk)
    assert "INV 7" in account
    assert "Out of ELK-1" in account
    assert "INV 7" in finn.open("credit-application-list")
    with tenancy.use(msp.pk):
        application, payout = CreditApplication.objects.get(), Payout.objects.get()
    refused = finn.send("payout-return", payout.pk, reason="Mistake")
    assert refused.status_code == 422
    assert "was applied to invoice INV 7" in refused.content.decode()
    assert finn.send("credit-undo", application.pk, reason="Wrong invoice").status_code == 302
    assert "Undone: Wrong invoice" in finn.open("partner-credit", paul.pk)
    assert finn.send("payout-return", payout.pk, reason="Mistake").status_code == 302
    with tenancy.use(msp.pk):
        assert Payout.objects.get().state == PayoutState.RETURNED


def test_what_was_typed_stays_when_it_is_refused(msp: Msp, paul: Partner, finn: Desk, olivia: Desk) -> None:
    give(msp, finn, olivia)
    answer = finn.send("credit-apply", paul.pk, reference="INV 7", minor="60.01", applied_on=today(msp))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "$60.00 open on" in text
    assert 'value="60.01"' in text
    tomorrow = (date.fromisoformat(today(msp)) + timedelta(days=2)).isoformat()
    late = finn.send("credit-apply", paul.pk, reference="INV 7", minor="1", applied_on=tomorrow)
    assert "in the future" in late.content.decode()


def test_readers_see_credit_and_change_nothing(msp: Msp, paul: Partner, finn: Desk, olivia: Desk) -> None:
    give(msp, finn, olivia)
    reader = Desk(msp, Role.READ_ONLY, "Rita Reader")
    assert "Apply to an invoice" not in reader.open("partner-credit", paul.pk)
    assert reader.send("credit-apply", paul.pk).status_code == 403


def test_an_unknown_year_shows_the_newest(msp: Msp, paul: Partner, finn: Desk, olivia: Desk) -> None:
    give(msp, finn, olivia)
    assert f"Given in {today(msp)[:4]}" in finn.open("service-credit", year="1999")


def test_a_partner_sees_where_their_credit_went(msp: Msp, paul: Partner, finn: Desk, olivia: Desk) -> None:
    give(msp, finn, olivia)
    with tenancy.use(msp.pk):
        login = builders.a_login(paul)
        service_credits.apply(
            paul,
            minor=4_000,
            reference="INV 7",
            applied_on=msp.today(timezone.now()),
            by=finn.member,
            at=timezone.now(),
        )
    browser = builders.a_browser(login.user)
    text = browser.get(doors.url("portal", msp, "portal:service-credit")).content.decode()
    assert "INV 7" in text
    assert "20.00" in text
    assert "fair market value" in text
    assert "See where it went" in browser.get(doors.url("portal", msp, "portal:earnings")).content.decode()
