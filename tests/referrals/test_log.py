"""The log of introductions and the board: found by address, fast, and easy to add to."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals.models import Channel, Referral, Stage
from tests.builders import a_member, a_partner, a_referral, an_msp
from tests.referrals.conftest import House, build_house, path, person, sent, text_of


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
        ("?owner=11111111-1111-4111-8111-111111111111", []),
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
        mine: dict[str, Any] = {
            "owner": house.owner,
            "touched_at": now,
            "next_action": "Call",
            "next_action_on": old.date(),
        }
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


@pytest.mark.django_db
def test_where_nobody_could_have_sent_it_the_form_says_so_at_once(client: Browser) -> None:
    msp = an_msp("Firstday IT")
    with tenancy.use(msp.pk):
        client.force_login(a_member(msp, Role.MANAGER).user)
    answer = text_of(client.get(f"/{msp.slug}/referrals/new/"))
    assert "The partner comes first" in answer
    assert f'href="/{msp.slug}/partners/new/"' in answer


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
        ({"company": "—"}, "Enter the company's name using letters or digits."),
        ({"partner_name": ""}, "Enter the partner who sent it."),
        ({"partner_name": "Zebra"}, "No partner's name begins with “Zebra”."),
        ({"expected_mrr": "12.345"}, "“12.345” could be read two ways. Write 12345 or 12.34."),
        ({"expected_mrr": "-5"}, "Expected MRR cannot be negative."),
        ({"contact_email": "lena@"}, "That is not an e-mail address. It looks like name@company.com."),
        ({"contact_phone": "12"}, "“12” is not a phone number. Include the area code, for example 212 555 0123"),
        ({"owner": str(uuid4())}, "Choose someone on your team."),
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
    assert "You may already know this company." in answer
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
