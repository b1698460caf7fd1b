"""The team's pages about introductions: found, logged, moved, shared, decided; what was typed is kept."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals import pipeline
from referrals.models import Channel, Finding, LostReason, Referral, Stage
from tests.builders import a_member, a_partner, a_referral
from tests.referrals.conftest import House, build_house, person

FIRST = {"company": "Brightwater Dental, LLC", "contact_email": "lena@brightwater.com"}


@pytest.fixture
def browser(house: House, client: Browser) -> Browser:
    client.force_login(house.owner.user)
    return client


@pytest.fixture
def referral(house: House) -> Iterator[Referral]:
    with tenancy.use(house.msp.pk):
        return sent(house)


def sent(house: House, partner: Any = None, **facts: Any) -> Referral:
    return pipeline.submit(
        partner or house.harbor, channel=Channel.DASHBOARD, by=house.owner, at=timezone.now(), **{**FIRST, **facts}
    )


def path(house: House, rest: str = "") -> str:
    return f"/{house.msp.slug}/referrals/{rest}"


def stored(house: House, referral: Referral) -> Referral:
    with tenancy.use(house.msp.pk):
        found = Referral.objects.select_related("owner").get(pk=referral.pk)
        found.shares = {credit.partner.name: credit.basis_points for credit in found.credits.all()}  # type: ignore[attr-defined]
        return found


def text_of(answer: Any) -> str:
    return str(answer.content.decode()).replace("&#x27;", "'").replace("&amp;", "&")


# The log and the board


@pytest.mark.parametrize(
    ("query", "companies"),
    [
        ("", ["Fresh", "Late", "Mine"]),
        ("?stage=all", ["Closed", "Fresh", "Late", "Mine"]),
        ("?stage=lost", ["Closed"]),
        ("?stage=qualified", ["Mine"]),
        ("?needs=untouched", ["Fresh", "Late"]),
        ("?needs=late", ["Late"]),
        ("?needs=overdue", ["Mine"]),
        ("?needs=stale", ["Late"]),
        ("?kind=vendor", []),
        ("?kind=centre_of_influence", ["Fresh", "Late", "Mine"]),
        ("?owner=me", ["Mine"]),
        ("?owner=nobody", ["Fresh", "Late"]),
        ("?q=the%20cLOs", ["Closed"]),
        ("?q=%C2%A7", []),
        ("?stage=nonsense&needs=nonsense&kind=nonsense&owner=nonsense", ["Fresh", "Late", "Mine"]),
        (f"?owner={uuid4()}", []),
    ],
)
def test_the_log_shows_what_its_address_asks_for(
    house: House, browser: Browser, query: str, companies: list[str]
) -> None:
    now = timezone.now()
    old = now - timedelta(days=30)
    with tenancy.use(house.msp.pk):
        a_referral(house.harbor, "Fresh", registered_at=now, active_at=now)
        a_referral(house.harbor, "Late", registered_at=old, active_at=old)
        mine = {"owner": house.owner, "touched_at": now, "next_action": "Call", "next_action_on": old.date()}
        a_referral(house.harbor, "Mine", stage=Stage.QUALIFIED, registered_at=now, active_at=now, **mine)
        a_referral(house.harbor, "Closed", stage=Stage.LOST, lost_reason="price", registered_at=now, active_at=old)
    answer = browser.get(path(house) + query)
    assert answer.status_code == 200
    assert [name for name in ("Closed", "Fresh", "Late", "Mine") if f">{name}</a>" in text_of(answer)] == companies


@pytest.mark.parametrize("rest", ["", "board/"])
def test_a_long_list_costs_as_many_queries_as_a_short_one(
    house: House, browser: Browser, django_assert_max_num_queries: Any, rest: str
) -> None:
    def add(count: int) -> None:
        with tenancy.use(house.msp.pk):
            for number in range(count):
                partner = a_partner(f"Partner {number}")
                a_referral(partner, owner=house.manager, registered_at=timezone.now())

    add(2)
    browser.get(path(house, rest))
    with django_assert_max_num_queries(100) as few:
        browser.get(path(house, rest))
    add(30)
    with django_assert_max_num_queries(len(few)):
        browser.get(path(house, rest))


def test_an_empty_log_says_what_will_be_here_and_how_to_begin(house: House, browser: Browser) -> None:
    answer = text_of(browser.get(path(house)))
    assert "No referrals yet" in answer
    assert f'href="{path(house, "new/")}"' in answer


def test_the_board_shows_the_last_month_of_what_is_closed(house: House, browser: Browser) -> None:
    now = timezone.now()
    with tenancy.use(house.msp.pk):
        a_referral(house.harbor, "Recently lost", stage=Stage.LOST, lost_reason="price", stage_at=now)
        a_referral(house.harbor, "Long lost", stage=Stage.LOST, lost_reason="price", stage_at=now - timedelta(days=31))
    answer = text_of(browser.get(path(house, "board/")))
    assert "Recently lost" in answer
    assert "Long lost" not in answer


def test_another_msps_introduction_does_not_exist(house: House, browser: Browser) -> None:
    other = build_house("Other IT")
    with tenancy.use(other.msp.pk):
        theirs = sent(other)
    for rest in ("", "loss/", "reopening/", "credit/"):
        assert browser.get(path(house, f"{theirs.pk}/{rest}")).status_code == 404
    assert browser.get(path(other)).status_code == 404


def test_who_may_only_read_sees_everything_and_no_button(house: House, client: Browser, referral: Referral) -> None:
    client.force_login(a_member(house.msp, Role.READ_ONLY, user=person("Rita Read", house.msp)).user)
    answer = client.get(path(house, f"{referral.pk}/"))
    assert answer.status_code == 200
    assert "<form" not in text_of(answer).split("<main")[1].split("</main>")[0]
    for rest in ("stage/", "loss/", "touch/", "next-action/", "reopening/", "credit/"):
        assert client.post(path(house, f"{referral.pk}/{rest}")).status_code == 403
    assert client.get(path(house, "new/")).status_code == 403


# Logging


def log(browser: Browser, house: House, **facts: str) -> Any:
    return browser.post(path(house, "new/"), {"company": "Mesa Logistics", "partner_name": "harbor", **facts})


def test_an_introduction_is_logged_for_the_partner_whose_name_begins_so(house: House, browser: Browser) -> None:
    answer = log(browser, house, expected_mrr="$2,450.00", note="Needs backups.", owner=str(house.manager.pk))
    with tenancy.use(house.msp.pk):
        referral = Referral.objects.get()
        assert (referral.partner, referral.owner) == (house.harbor, house.manager)
        assert (referral.expected_mrr_minor, referral.note) == (245_000, "Needs backups.")
        assert referral.channel == Channel.DASHBOARD
    assert answer["Location"] == path(house, f"{referral.pk}/")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"company": " "}, "Enter the company's name."),
        ({"company": "—"}, "Enter the company's name with letters or digits."),
        ({"partner_name": ""}, "Enter the partner who sent it."),
        ({"partner_name": "Zebra"}, "No partner's name begins with “Zebra”."),
        ({"expected_mrr": "12.345"}, "“12.345” could be read in two ways. Write 12345 or 12.34."),
        ({"expected_mrr": "-5"}, "Expected MRR cannot be negative."),
        ({"contact_email": "lena@"}, "That is not an e-mail address. It looks like name@company.com."),
        ({"contact_phone": "12"}, "“12” cannot be called. Include the area code, for example 212 555 0123"),
        ({"owner": str(uuid4())}, "Choose someone of your team."),
    ],
)
def test_what_cannot_be_logged_is_said_and_what_was_typed_is_kept(
    house: House, browser: Browser, facts: dict[str, str], sentence: str
) -> None:
    answer = log(browser, house, note="Ask for Kim.", **facts)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "Ask for Kim." in text_of(answer)
    with tenancy.use(house.msp.pk):
        assert not Referral.objects.exists()


def test_two_partners_of_one_beginning_are_offered_to_choose_from(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        realty = a_partner("Harbor Realty")
    answer = log(browser, house, partner_name="Harbor")
    assert answer.status_code == 422
    assert "More than one partner is called “Harbor”. Choose the one you mean." in text_of(answer)
    assert f'value="{realty.pk}"' in text_of(answer)
    assert log(browser, house, partner_name="Harbor", partner=str(realty.pk)).status_code == 302
    with tenancy.use(house.msp.pk):
        assert Referral.objects.get().partner == realty


def test_a_name_typed_over_a_choice_is_what_is_meant(house: House, browser: Browser) -> None:
    log(browser, house, partner=str(house.harbor.pk), partner_name="Lakeside")
    with tenancy.use(house.msp.pk):
        assert Referral.objects.get().partner == house.lake


def test_a_partners_page_leads_to_a_form_that_names_the_partner(house: House, browser: Browser) -> None:
    answer = text_of(browser.get(path(house, f"new/?partner={house.lake.pk}")))
    assert 'value="Lakeside Advisory"' in answer
    assert f'value="{house.lake.pk}" checked' in answer
    assert browser.get(path(house, "new/?partner=nonsense")).status_code == 200


def test_partners_are_found_while_typing(house: House, browser: Browser) -> None:
    answer = text_of(browser.get(path(house, "new/partners/?partner_name=lake")))
    assert "Lakeside Advisory" in answer
    assert "Harbor" not in answer
    assert "No partner’s name begins with “zz”" in text_of(browser.get(path(house, "new/partners/?partner_name=zz")))


def test_a_known_company_is_said_while_typing(house: House, browser: Browser, referral: Referral) -> None:
    answer = text_of(browser.post(path(house, "new/duplicates/"), {"company": "brightwater dental"}))
    assert "You may know this company already." in answer
    assert "introduced by Harbor & Finch CPAs" in answer
    assert "the same company name" in answer
    assert text_of(browser.post(path(house, "new/duplicates/"), {"company": "Nobody"})).strip() == ""


def test_the_same_partner_sending_it_again_is_told_where_it_stands(
    house: House, browser: Browser, referral: Referral
) -> None:
    answer = log(browser, house, company="Brightwater Dental")
    assert answer.status_code == 422
    assert "Harbor & Finch CPAs sent Brightwater Dental, LLC on" in text_of(answer)
    assert f'href="{path(house, f"{referral.pk}/")}"' in text_of(answer)


def test_a_form_that_is_sent_twice_logs_once(house: House, browser: Browser) -> None:
    once = str(uuid4())
    first, second = log(browser, house, _once=once), log(browser, house, _once=once)
    assert first["Location"] == second["Location"]
    with tenancy.use(house.msp.pk):
        assert Referral.objects.count() == 1


# One introduction


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
    assert "That is not a day. Write it like 2026-11-30." in text_of(answer)
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
    lines = shares(("Harbor & Finch CPAs", "66.67%"), ("lakeside", "33,33"), ("", ""))
    assert browser.post(path(house, f"{referral.pk}/credit/"), lines).status_code == 302
    assert stored(house, referral).shares == {"Harbor & Finch CPAs": 6_667, "Lakeside Advisory": 3_333}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([("Harbor", "60"), ("Lakeside", "50")], "The shares add up to 110%. Keep them at 100% or less"),
        ([("Harbor", "60"), ("Harbor", "40")], "A partner can have one share only."),
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
    assert stored(house, referral).shares == {"Harbor & Finch CPAs": 10_000}  # type: ignore[attr-defined]


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
    assert "is won: its credit is part of what is paid now" in text_of(answer)


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
    assert "Do you know this company already?" in answer
    for words in ("Harbor & Finch CPAs", "Lakeside Advisory", "Brightwater Dental, LLC", "lena@brightwater.com"):
        assert words in answer
    assert "A different company: give Lakeside Advisory the credit" in answer
    assert "Nobody has it yet. It waits for your decision" in answer


def test_a_decision_gives_the_credit_or_closes_the_duplicate(house: House, browser: Browser, flagged: Referral) -> None:
    assert decide(browser, house, flagged, state="different").status_code == 302
    assert stored(house, flagged).shares == {"Lakeside Advisory": 10_000}  # type: ignore[attr-defined]
    answer = decide(browser, house, flagged, state="same")
    assert answer.status_code == 409
    assert "Olga Owner has decided this already" in text_of(answer)


def test_the_same_company_is_closed_from_the_page(house: House, browser: Browser, flagged: Referral) -> None:
    decide(browser, house, flagged, state="same", note="Same practice.")
    now = stored(house, flagged)
    assert (now.stage, now.lost_reason) == (Stage.LOST, LostReason.DUPLICATE)
    assert decide(browser, house, flagged, state="perhaps").status_code == 422
