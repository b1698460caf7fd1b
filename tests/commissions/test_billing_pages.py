"""A client's invoices and payments as a person types them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client as Browser

from commissions import accruals
from commissions.models import BillingFact, Entry
from commissions.terms import Percent
from elinkages.accounts.models import Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals.models import Contract
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


@pytest.fixture
def contract(msp: Msp) -> Contract:
    with tenancy.use(msp.pk):
        return builders.a_deal(builders.a_partner(), Percent(basis_points=1_000, base="collected"))


def browse(msp: Msp, role: str = Role.FINANCE) -> Browser:
    user = User.objects.create(name="Fiona Finance", email=f"{role}@acme.example")
    builders.a_member(msp, role, user=user)
    return builders.a_browser(user)


def invoice(**fields: Any) -> dict[str, Any]:
    lines = {
        "lines-TOTAL_FORMS": "3", "lines-INITIAL_FORMS": "0", "lines-0-kind": "service", "lines-0-amount": "3,200.00",
        "lines-1-kind": "tax", "lines-1-amount": "462.50", "lines-2-kind": "hardware", "lines-2-amount": "",
    }  # fmt: skip
    return {"number": "INV-7", "dated_on": "2026-05-01", "service_from": "", "service_to": "", **lines, **fields}


def test_an_invoice_and_its_payment_are_typed_shown_and_taken_back(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp), f"/acme/clients/{contract.client_id}/billing/"
    assert "No invoices yet" in browser.get(url).content.decode()
    assert browser.post(f"{url}invoice/", invoice()).status_code == 302
    page = browser.get(url).content.decode()
    assert "INV-7" in page
    assert "Recurring service" in page
    assert 'value="3662.50"' in browser.get(f"{url}payment/").content.decode()
    money = {"invoice": "INV-7", "amount": "1,000", "dated_on": "2026-05-09", "number": "Check 12"}
    assert browser.post(f"{url}payment/", money).status_code == 302
    assert "2,662.50" in browser.get(url).content.decode()
    assert browser.post(f"{url}credit-note/", {**money, "amount": "62.50"}).status_code == 302
    assert browser.post(f"{url}refund/", {**money, "amount": "100"}).status_code == 302
    page = browser.get(url).content.decode()
    assert "For invoice INV-7" in page
    assert "2,700.00" in page
    with tenancy.use(msp.pk):
        paid = BillingFact.objects.get(kind="payment")
        assert Contract.objects.get(pk=contract.pk).first_paid_on == date(2026, 5, 9)
    asked = browser.get(f"/acme/billing/{paid.pk}/taking-back/").content.decode()
    assert "Take back payment Check 12" in asked
    assert "$1,000.00, dated May 9, 2026." in asked
    assert browser.post(f"/acme/billing/{paid.pk}/taking-back/").status_code == 302
    assert "Taken back" in browser.get(url).content.decode()
    refused = browser.post(f"/acme/billing/{paid.pk}/taking-back/")
    assert refused.status_code == 422
    assert "Payment Check 12 has already been taken back." in refused.content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": ""}, "“Invoice number” is empty."),
        ({"lines-0-amount": "", "lines-1-amount": ""}, "Enter the amount of at least one line."),
        ({"lines-0-amount": "ten"}, "is not an amount"),
        ({"service_to": "2026-05-31"}, "Enter both, or neither."),
        ({"service_from": "2026-06-01", "service_to": "2026-05-31"}, "The last day must be after the first."),
        ({"lines-0-is_discount": "on"}, "comes to less than zero"),
        ({"currency": "EUR"}, "Enter what 1 EUR was in USD on the day of the invoice."),
        ({"currency": "EUR", "rate": "0"}, "Enter what 1 EUR was in USD on the day of the invoice."),
        ({"currency": "EUR", "rate": "about 1"}, "is not a number with up to 6 decimal places"),
        ({"currency": "EUR", "rate": "1.0873501"}, "is not a number with up to 6 decimal places"),
        ({"currency": "USD", "rate": "1.1"}, "Leave it empty: the invoice is in USD, like your commissions."),
        ({"currency": "XXX"}, "is not on offer."),
        ({"currency": "JPY", "rate": "0.0067"}, "is finer than JPY allows"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_said(
    msp: Msp, contract: Contract, fields: dict[str, Any], sentence: str
) -> None:
    answer = browse(msp).post(f"/acme/clients/{contract.client_id}/billing/invoice/", invoice(**fields))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not BillingFact.objects.exists()


def test_an_invoice_in_another_currency_is_typed_with_its_rate_and_paid_in_it(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp), f"/acme/clients/{contract.client_id}/billing/"
    asked = browser.get(f"{url}invoice/").content.decode()
    assert "what one unit of it was worth in USD that day" in asked
    euros = {"currency": "EUR", "rate": "1.08735", "lines-0-amount": "1,000.00", "lines-1-amount": ""}
    assert browser.post(f"{url}invoice/", invoice(**euros)).status_code == 302
    page = browser.get(url).content.decode()
    assert "€1,000.00" in page
    assert "at 1.08735" in page
    assert "€1,000.00 open" in browser.get(f"{url}payment/").content.decode()
    money = {"invoice": "INV-7", "amount": "400", "dated_on": "2026-05-09", "number": ""}
    assert browser.post(f"{url}payment/", money).status_code == 302
    with tenancy.use(msp.pk):
        said = BillingFact.objects.order_by("pk").values_list("kind", "currency", "minor", "rate_millionths")
        assert list(said) == [("invoice", "EUR", 100_000, 1_087_350), ("payment", "EUR", 40_000, None)]
        accruals.accrue(today=date(2026, 6, 1), at=datetime(2026, 6, 1, tzinfo=UTC))
        assert [entry.minor for entry in Entry.objects.all()] == [4_349]  # 10% of €400.00 × 1.08735


def test_money_is_read_in_the_currency_of_its_invoice(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp), f"/acme/clients/{contract.client_id}/billing/"
    browser.post(f"{url}invoice/", invoice())
    yen = {"currency": "JPY", "rate": "0.0067", "lines-0-amount": "300000", "lines-1-amount": ""}
    assert browser.post(f"{url}invoice/", invoice(number="INV-8", **yen)).status_code == 302
    money = {"invoice": "INV-8", "amount": "120000", "dated_on": "2026-05-09", "number": ""}
    answer = browser.post(f"{url}payment/", {**money, "amount": "10.50"})
    assert answer.status_code == 422
    assert browser.post(f"{url}payment/", money).status_code == 302
    with tenancy.use(msp.pk):
        assert BillingFact.objects.get(kind="payment").minor == 120_000


def test_an_invoice_number_is_used_once(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp), f"/acme/clients/{contract.client_id}/billing/invoice/"
    browser.post(url, invoice())
    answer = browser.post(url, invoice(**{"lines-0-amount": "5"}))
    assert answer.status_code == 422
    assert "Invoice INV-7 is already recorded." in answer.content.decode()


def test_money_waits_for_its_invoice_and_for_its_day(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp), f"/acme/clients/{contract.client_id}/billing/"
    for path in ("payment/", "credit-note/", "refund/"):
        assert "No invoice that it could be for" in browser.get(url + path).content.decode()
    browser.post(f"{url}invoice/", invoice())
    late = {"invoice": "INV-7", "amount": "10", "dated_on": "2099-01-01", "number": ""}
    answer = browser.post(f"{url}payment/", late)
    assert answer.status_code == 422
    assert "has not come yet" in answer.content.decode()


def test_who_only_reads_sees_and_cannot_type(msp: Msp, contract: Contract) -> None:
    browser, url = browse(msp, Role.READ_ONLY), f"/acme/clients/{contract.client_id}/billing/"
    assert "What is invoiced and paid appears here." in browser.get(url).content.decode()
    assert browser.post(f"{url}invoice/", invoice()).status_code == 403
