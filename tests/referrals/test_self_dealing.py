"""A partner who refers themselves is seen, held and looked at; nothing is voided, and a person releases it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from commissions import accruals, payouts
from commissions.accruals import release_batch
from commissions.models import Entry, Stage
from elinkages.audit import sentences, trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from partners.models import Contact
from referrals import attribution, cases, pipeline, self_dealing
from referrals.models import Channel, Flag, Referral
from tests import builders
from tests.builders import a_client, a_contract, a_flag, a_pin, a_plan, a_referral
from tests.referrals.conftest import House, text_of
from tests.tables import rows

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
BY = System("Test")
TABLE = {row["In common"]: row for row in rows("attribution.md", "In common", "With the partner", "With the team")}


def send(house: House, channel: str = Channel.DASHBOARD, **facts: Any) -> Referral:
    return pipeline.submit(house.harbor, **{"company": "Mesa Logistics", **facts}, channel=channel, by=BY, at=AT)


def seen(referral: Referral) -> set[tuple[str, str]]:
    return set(referral.flags.values_list("kind", "side"))


def describe(house: House) -> None:
    house.harbor.email, house.harbor.phone = "office@harborfinch.com", "(212) 555-0123"
    house.harbor.website = "https://harborfinch.com"
    house.harbor.save()
    house.msp.contact_email = "help@acmeit.com"
    house.msp.save()


PARTNERS: dict[str, dict[str, str]] = {
    "e-mail address": {"contact_email": "Office+x@harborfinch.com"},
    "phone number": {"contact_phone": "212-555-0123"},
    "web or mail domain (free mail has none)": {"contact_email": "someone@mail.harborfinch.com"},
    "company name": {"company": "Harbor and Finch CPAs, Inc."},
    "a person's name of two words or more": {"contact_name": "dana finch"},
    "the prospect's address is disposable": {"contact_email": "a@mailinator.com"},
}
TEAMS: dict[str, dict[str, str]] = {
    "e-mail address": {"contact_email": "HELP@acmeit.com"},
    "web or mail domain (free mail has none)": {"website": "www.acmeit.com/about"},
    "company name": {"company": "ACME IT LLC"},
    "a person's name of two words or more": {"contact_name": "Olga Owner"},
}


@pytest.mark.parametrize("what", PARTNERS)
def test_what_the_prospect_has_in_common_with_the_partner(inside: House, what: str) -> None:
    describe(inside)
    referral = send(inside, **PARTNERS[what])
    assert TABLE[what]["With the partner"] == "flag"
    assert seen(referral)
    assert {side for _, side in seen(referral)} <= {"partner", ""}
    assert referral.review_waits
    assert referral.credits.get().partner == inside.harbor


@pytest.mark.parametrize("what", TEAMS)
def test_what_the_prospect_has_in_common_with_the_team(inside: House, what: str) -> None:
    describe(inside)
    referral = send(inside, **TEAMS[what])
    assert TABLE[what]["With the team"] == "flag"
    assert {side for _, side in seen(referral)} == {"staff"}


def test_a_partner_who_works_here_is_a_conflict(inside: House) -> None:
    Contact.objects.create(partner=inside.harbor, name="Olga O.", email=inside.owner.user.email, created_at=AT)
    assert ("email", "partner_staff") in seen(send(inside))


@pytest.mark.parametrize(
    "facts",
    [
        {"contact_email": "someone@gmail.com"},
        {"contact_name": "Dana"},
        {"contact_email": "ann@mesalogistics.com", "contact_phone": "(212) 555-0199", "contact_name": "Ann Mesa"},
    ],
)
def test_ordinary_introductions_have_no_flag(inside: House, facts: dict[str, str]) -> None:
    describe(inside)
    inside.harbor.email = "harborfinch@gmail.com"
    inside.harbor.save()
    referral = send(inside, **facts)
    assert seen(referral) == set()
    assert not referral.review_waits


def test_a_person_who_left_the_partner_is_no_sign(inside: House) -> None:
    Contact.objects.create(partner=inside.harbor, name="Gone Girl", email="g@x.com", created_at=AT, removed_at=AT)
    assert seen(send(inside, contact_name="Gone Girl")) == set()


def test_imported_history_has_no_flags(inside: House) -> None:
    assert seen(send(inside, Channel.IMPORT, contact_name="Dana Finch")) == set()


def test_a_flag_is_released_once_with_a_reason(inside: House) -> None:
    referral = send(inside, contact_name="Dana Finch")
    flag = referral.flags.get()
    for note in ("", "  ", "x" * 301):
        with pytest.raises(self_dealing.NeedsReason):
            self_dealing.release(flag, note=note, by=inside.manager, at=AT)
    self_dealing.release(flag, note="Her brother.", by=inside.manager, at=AT)
    referral.refresh_from_db()
    assert not referral.review_waits
    with pytest.raises(self_dealing.AlreadyReleased):
        self_dealing.release(flag, note="Again", by=inside.manager, at=AT)
    assert next(iter(trail.history(referral))).action == "flag.released"


def test_the_database_wants_a_reason_and_a_name(inside: House) -> None:
    flag = send(inside, contact_name="Dana Finch").flags.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(released_at=AT, released_by=inside.owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.filter(pk=flag.pk).update(released_at=AT, note="ok")


def test_a_flag_holds_the_commission_and_voids_nothing(inside: House) -> None:
    referral = send(inside, contact_name="Dana Finch")
    pipeline.win(referral, by=inside.owner, at=AT)
    a_pin(contract := a_contract(a_client(referral), 100_000, date(2026, 1, 1)), a_plan())
    later, today = datetime(2026, 6, 20, 15, tzinfo=UTC), date(2026, 6, 20)
    accruals.accrue(today=today, at=later)
    assert release_batch(today=today, by=BY, at=later) == 0
    held = Entry.objects.filter(pool__contract=contract)
    assert set(held.values_list("stage", flat=True)) == {Stage.ACCRUED}
    self_dealing.release(referral.flags.get(), note="Her brother.", by=inside.manager, at=later)
    assert release_batch(today=today, by=BY, at=later) > 0
    assert payouts.outlook(today).minor > 0


def _won(house: House, **facts: Any) -> Referral:
    referral = send(house, **facts)
    pipeline.win(referral, by=house.owner, at=AT)
    a_pin(a_contract(a_client(referral), 100_000, date(2026, 1, 1)), a_plan())
    return referral


def _earned(house: House) -> int:
    """What the sender has earned by now, in minor units, paid or not."""
    accruals.accrue(today=date(2026, 6, 20), at=datetime(2026, 6, 20, 15, tzinfo=UTC))
    found = Entry.objects.filter(partner=house.harbor, voided_on__isnull=True)
    return sum(found.values_list("minor", flat=True))


def test_signs_that_are_right_take_the_commission_with_a_reason_that_the_partner_reads(inside: House) -> None:
    referral = _won(inside, contact_name="Dana Finch")
    earned = _earned(inside)
    assert earned > 0
    self_dealing.uphold(referral, reason="It is your own company.", by=inside.manager, at=AT)
    assert _earned(inside) == 0
    referral.refresh_from_db()
    assert (referral.review_waits, referral.withheld_reason) == (False, "It is your own company.")
    assert "It is your own company." in Message.objects.get(subject="No commission for Mesa Logistics").text
    assert "gets no credit" in sentences.describe(next(iter(trail.history(referral))))
    with pytest.raises(self_dealing.AlreadyReleased):
        self_dealing.uphold(referral, reason="Again", by=inside.manager, at=AT)
    self_dealing.give_back(referral, reason="It is her sister's.", by=inside.owner, at=AT)
    assert _earned(inside) == earned
    referral.refresh_from_db()
    assert (referral.withheld_basis_points, referral.withheld_reason) == (None, "")
    with pytest.raises(self_dealing.NothingWithheld):
        self_dealing.give_back(referral, reason="Twice", by=inside.owner, at=AT)


def test_the_share_of_another_partner_stays(inside: House) -> None:
    referral = send(inside, contact_name="Dana Finch")
    attribution.share(referral, [(inside.harbor, 6_000), (inside.lake, 4_000)], by=BY, at=AT)
    self_dealing.uphold(referral, reason="Own company.", by=inside.manager, at=AT)
    assert list(referral.credits.values_list("partner", "basis_points")) == [(inside.lake.pk, 4_000)]
    attribution.share(referral, [(inside.lake, 7_000)], by=BY, at=AT)
    self_dealing.give_back(referral, reason="A mistake.", by=inside.manager, at=AT)
    shares = dict(referral.credits.values_list("partner", "basis_points"))
    assert shares == {inside.lake.pk: 7_000, inside.harbor.pk: 3_000}


def test_withheld_credit_does_not_come_back_by_itself(inside: House) -> None:
    referral = send(inside, contact_name="Dana Finch")
    self_dealing.uphold(referral, reason="Own company.", by=inside.manager, at=AT)
    referral.refresh_from_db()
    assert not attribution.grant(referral, by=BY, at=AT)
    assert not referral.credits.exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
def test_nobody_decides_without_a_reason(inside: House, reason: str) -> None:
    referral = send(inside, contact_name="Dana Finch")
    for verb in (self_dealing.uphold, self_dealing.give_back):
        with pytest.raises(self_dealing.NeedsReason):
            verb(referral, reason=reason, by=inside.manager, at=AT)
    assert referral.credits.exists()


def test_an_open_case_is_decided_first(inside: House) -> None:
    referral = send(inside, contact_name="Dana Finch")
    cases.open_case(referral, claimant=inside.lake, statement="We were first.", by=BY, at=AT)
    for verb in (self_dealing.uphold, self_dealing.give_back):
        with pytest.raises(attribution.Contested):
            verb(referral, reason="Own company.", by=inside.manager, at=AT)


def test_the_pages_withhold_and_give_back(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = send(house, contact_name="Dana Finch")
    place = f"/{house.msp.slug}/referrals/{referral.pk}/"
    assert "It is true: pay no commission" in text_of(browser.get(place))
    assert "Dana Finch" in text_of(browser.get(f"{place}withholding/"))
    assert browser.post(f"{place}withholding/", {"reason": " "}).status_code == 422
    assert browser.post(f"{place}withholding/", {"reason": "It is your own company"}).status_code == 302
    assert "gets no commission for this deal: It is your own company" in text_of(browser.get(place))
    partner = builders.a_browser(house.harbor_login.user)
    portal = f"/p/{house.msp.slug}/referrals/{referral.pk}/"
    assert "does not count for you. The reason: It is your own company" in text_of(partner.get(portal))
    assert browser.post(f"{place}giving-back/", {"reason": "A mistake"}).status_code == 302
    assert browser.post(f"{place}giving-back/", {"reason": "Twice"}).status_code == 422
    assert "does not count" not in text_of(partner.get(portal))


def test_a_flag_that_is_raised_later_keeps_payable_amounts_out_of_a_run(inside: House) -> None:
    referral = send(inside)
    pipeline.win(referral, by=inside.owner, at=AT)
    a_pin(a_contract(a_client(referral), 100_000, date(2026, 1, 1)), a_plan())
    later, today = datetime(2026, 6, 20, 15, tzinfo=UTC), date(2026, 6, 20)
    accruals.accrue(today=today, at=later)
    accruals.release(today=today, at=later)
    assert payouts.outlook(today).minor > 0
    Flag.objects.create(referral=referral, kind="person", side="partner", ours="x", raised_at=later)
    outlook = payouts.outlook(today)
    assert outlook.minor == 0
    assert "on hold" in outlook.left_out[0].reason
    with pytest.raises(payouts.NothingToPay):
        payouts.open_run(cutoff_on=today, by=inside.owner, at=later)


def test_the_page_shows_the_sign_and_releases_it(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = send(house, contact_name="Dana Finch")
        flag = referral.flags.get()
    page = text_of(browser.get(f"/{house.msp.slug}/referrals/{referral.pk}/"))
    assert "Does Harbor & Finch CPAs refer themselves?" in page
    assert "Holds the commission" in page
    release = f"/{house.msp.slug}/flags/{flag.pk}/release/"
    assert browser.post(release, {"note": " "}).status_code == 422
    assert browser.post(release, {"note": "Her brother"}).status_code == 302
    assert browser.post(release, {"note": "Again"}).status_code == 422
    assert "Her brother" in text_of(browser.get(f"/{house.msp.slug}/referrals/{referral.pk}/"))


@pytest.mark.parametrize(
    ("sides", "question"),
    [
        ({"staff", "partner"}, "Does Harbor & Finch CPAs refer themselves?"),
        ({"partner_staff"}, "Is Harbor & Finch CPAs one of your own people?"),
        ({"staff"}, "Is Brightwater Dental yours, or one of your own people?"),
        ({""}, "Is Brightwater Dental a real introduction?"),
    ],
)
def test_the_page_asks_what_its_signs_are_about(house: House, browser: Browser, sides: set[str], question: str) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, "Brightwater Dental")
        for side in sides:
            a_flag(referral, side=side)
    assert question in text_of(browser.get(f"/{house.msp.slug}/referrals/{referral.pk}/"))


def test_the_partner_reads_that_it_is_checked_and_not_why(house: House, client: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = send(house, contact_name="Dana Finch")
    client.force_login(house.harbor_login.user)
    page = text_of(client.get(f"/p/{house.msp.slug}/referrals/{referral.pk}/"))
    assert "Same person" not in page
    assert "We are checking this introduction" in page
    with (
        tenancy.use(house.msp.pk, partner_id=house.harbor.pk),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        list(Flag.objects.all())
