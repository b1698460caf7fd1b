"""The page of one introduction: moved, shared and decided; what was typed is kept."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from elinkages.kernel import tenancy
from referrals import pipeline
from referrals.models import Finding, LostReason, Referral, Stage
from tests.referrals.conftest import House, path, sent, text_of


def stored(house: House, referral: Referral) -> Referral:
    with tenancy.use(house.msp.pk):
        return Referral.objects.select_related("owner").get(pk=referral.pk)


def stored_shares(house: House, referral: Referral) -> dict[str, int]:
    """Basis points by the partner's name."""
    with tenancy.use(house.msp.pk):
        return dict(referral.credits.values_list("partner__name", "basis_points"))


def test_the_page_offers_one_obvious_next_step(house: House, browser: Browser, referral: Referral) -> None:
    def primary() -> str:
        return (
            text_of(browser.get(path(house, f"{referral.pk}/"))).split('class="page-actions"')[1].split("</header>")[0]
        )

    page = path(house, f"{referral.pk}/")
    assert "Record first contact" in primary()
    browser.post(f"{page}touch/", {"note": "Called."})
    assert "Mark as qualified" in primary()
    browser.post(f"{page}stage/", {"seen": "registered", "stage": "qualified"})
    assert "Proposal sent" in primary()
    browser.post(f"{page}stage/", {"seen": "qualified", "stage": "proposal"})
    assert f'href="{page}win/">Win' in primary()
    browser.post(f"{page}loss/", {"seen": "proposal", "reason": "price"})
    assert "Reopen" in primary()
    browser.post(f"{page}reopening/")
    assert stored(house, referral).stage == Stage.PROPOSAL


def test_a_move_that_someone_made_before_is_told_and_changes_nothing(
    house: House, browser: Browser, referral: Referral
) -> None:
    page = path(house, f"{referral.pk}/")
    browser.post(f"{page}stage/", {"seen": "registered", "stage": "proposal"})
    answer = browser.post(f"{page}stage/", {"seen": "registered", "stage": "qualified"})
    assert answer.status_code == 409
    assert "Brightwater Dental, LLC is at “Proposal” now. Olga Owner moved it there." in text_of(answer)
    answer = browser.post(f"{page}loss/", {"seen": "registered", "reason": "price", "note": "Too dear."})
    assert answer.status_code == 422
    assert "is at “Proposal” now" in text_of(answer)
    assert "Too dear." in text_of(answer)
    assert stored(house, referral).stage == Stage.PROPOSAL


@pytest.mark.parametrize(("stage", "leads_to"), [("won", "win/"), ("lost", "loss/")])
def test_won_and_lost_have_pages_of_their_own(
    house: House, browser: Browser, referral: Referral, stage: str, leads_to: str
) -> None:
    page = path(house, f"{referral.pk}/")
    answer = browser.post(f"{page}stage/", {"seen": "registered", "stage": stage})
    assert answer["Location"] == page + leads_to


def test_a_stage_that_does_not_exist_is_refused(house: House, browser: Browser, referral: Referral) -> None:
    answer = browser.post(path(house, f"{referral.pk}/stage/"), {"seen": "registered", "stage": "heaven"})
    assert answer.status_code == 422
    assert "Choose the stage that it is at now." in text_of(answer)


def test_a_move_on_the_board_leads_back_to_the_board(house: House, browser: Browser, referral: Referral) -> None:
    moved = {"seen": "registered", "stage": "qualified", "from": "board"}
    assert browser.post(path(house, f"{referral.pk}/stage/"), moved)["Location"] == path(house, "board/")


def test_losing_needs_a_reason_and_keeps_the_note(house: House, browser: Browser, referral: Referral) -> None:
    answer = browser.post(path(house, f"{referral.pk}/loss/"), {"seen": "registered", "note": "They were rude."})
    assert answer.status_code == 422
    assert "Choose why it did not work out." in text_of(answer)
    assert "They were rude." in text_of(answer)


def test_a_next_action_is_kept_when_its_day_cannot_be_read(house: House, browser: Browser, referral: Referral) -> None:
    page = path(house, f"{referral.pk}/next-action/")
    answer = browser.post(page, {"next_action": "Call Kim", "next_action_on": "soon"})
    assert answer.status_code == 422
    assert "That is not a date. Write it like 2026-11-30." in text_of(answer)
    assert 'value="Call Kim"' in text_of(answer)
    answer = browser.post(page, {"next_action": "", "next_action_on": "2026-12-01"})
    assert "Say what is due on that day." in text_of(answer)
    facts = {"next_action": "Call Kim", "next_action_on": "2026-12-01", "owner": str(house.manager.pk)}
    assert browser.post(page, facts).status_code == 302
    assert stored(house, referral).owner == house.manager


def test_a_contact_recorded_too_late_says_why_it_was_not(house: House, browser: Browser, referral: Referral) -> None:
    with tenancy.use(house.msp.pk):
        pipeline.lose(referral, reason=LostReason.PRICE, by=house.owner, at=timezone.now())
    for rest in ("touch/", "next-action/"):
        answer = browser.post(path(house, f"{referral.pk}/{rest}"), {"next_action": "Call"})
        assert answer.status_code == 422
        assert "is at “Lost” now. Olga Owner moved it there." in text_of(answer)


# Credit and decisions


def shares(*lines: tuple[str, str], initial: int = 1) -> dict[str, str]:
    data = {"share-TOTAL_FORMS": str(len(lines)), "share-INITIAL_FORMS": str(initial)}
    for number, (name, share) in enumerate(lines):
        data |= {f"share-{number}-partner_name": name, f"share-{number}-share": share}
    return data


def test_the_credit_is_split_by_name_and_percent(house: House, browser: Browser, referral: Referral) -> None:
    lines = shares(("Harbor & Finch CPAs", "66.67%"), ("lakeside", "33,33"), ("", "")) | {"agreed": "Both by phone"}
    assert browser.post(path(house, f"{referral.pk}/credit/"), lines).status_code == 302
    assert stored_shares(house, referral) == {"Harbor & Finch CPAs": 6_667, "Lakeside Advisory": 3_333}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([("Harbor", "60"), ("Lakeside", "50")], "The shares add up to 110%. Keep them at 100% or less"),
        ([("Harbor", "60"), ("Harbor", "40")], "A partner can have only one share."),
        ([("Harbor", "101")], "A share cannot be more than 100%."),
        ([("Harbor", "half")], "“half” is not a share. Write a number from 0 to 100"),
        ([("Harbor", "33.333")], "“33.333” is not a share."),
        ([("Harbor", "60"), ("", "40")], "Enter the partner who gets this share."),
        ([("Harbor", "60"), ("Zebra", "40")], "No partner's name begins with “Zebra”."),
    ],
)
def test_shares_that_cannot_be_are_said_and_kept(
    house: House, browser: Browser, referral: Referral, lines: list[tuple[str, str]], sentence: str
) -> None:
    answer = browser.post(path(house, f"{referral.pk}/credit/"), shares(*lines))
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert f'value="{lines[0][1]}"' in text_of(answer)
    assert stored_shares(house, referral) == {"Harbor & Finch CPAs": 10_000}


def test_the_sum_of_shares_is_told_while_typing(house: House, browser: Browser, referral: Referral) -> None:
    page = path(house, f"{referral.pk}/credit/sum/")
    assert "Together 90%. 10% stays with you." in text_of(browser.post(page, shares(("Harbor", "60"), ("La", "30"))))
    assert "more than 100%" in text_of(browser.post(page, shares(("Harbor", "60"), ("La", "50"))))
    assert "Together 60%" in text_of(browser.post(page, shares(("Harbor", "60"), ("La", "lots"))))


def test_the_credit_of_a_client_has_no_form(house: House, browser: Browser, referral: Referral) -> None:
    with tenancy.use(house.msp.pk):
        pipeline.win(referral, by=house.owner, at=timezone.now())
    answer = browser.get(path(house, f"{referral.pk}/credit/"))
    assert answer.status_code == 409
    assert "is won: its credit already determines what is paid" in text_of(answer)


@pytest.fixture
def flagged(house: House, referral: Referral) -> Referral:
    with tenancy.use(house.msp.pk):
        return sent(house, house.lake, company="Brightwater Smiles")


def decide(browser: Browser, house: House, referral: Referral, **facts: str) -> Any:
    with tenancy.use(house.msp.pk):
        finding = Finding.objects.get(referral=referral)
    return browser.post(f"/{house.msp.slug}/findings/{finding.pk}/decision/", facts)


def test_a_match_shows_both_sides_and_why(house: House, browser: Browser, flagged: Referral) -> None:
    answer = text_of(browser.get(path(house, f"{flagged.pk}/")))
    assert "Do you already know this company?" in answer
    for words in ("Harbor & Finch CPAs", "Lakeside Advisory", "Brightwater Dental, LLC", "lena@brightwater.com"):
        assert words in answer
    assert "A different company: give Lakeside Advisory the credit" in answer
    assert "Nobody has it yet. It is waiting for your decision" in answer


def test_a_decision_gives_the_credit_or_closes_the_duplicate(house: House, browser: Browser, flagged: Referral) -> None:
    assert decide(browser, house, flagged, state="different").status_code == 302
    assert stored_shares(house, flagged) == {"Lakeside Advisory": 10_000}
    answer = decide(browser, house, flagged, state="same")
    assert answer.status_code == 409
    assert "Olga Owner has already decided this" in text_of(answer)


def test_the_same_company_is_closed_from_the_page(house: House, browser: Browser, flagged: Referral) -> None:
    decide(browser, house, flagged, state="same", note="Same practice.")
    now = stored(house, flagged)
    assert (now.stage, now.lost_reason) == (Stage.LOST, LostReason.DUPLICATE)
    assert decide(browser, house, flagged, state="perhaps").status_code == 422
