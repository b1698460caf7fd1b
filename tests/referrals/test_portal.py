"""A partner sends an introduction in half a minute, and sees its own introductions and nothing else."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client as Browser
from django.utils import timezone

from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners.models import PartnerState
from referrals import attribution, pipeline
from referrals.models import Channel, Client, Credit, LostReason, Referral, StageMove
from tests.builders import a_client, a_referral
from tests.referrals.conftest import House, build_house, text_of

FACTS: dict[str, Any] = {
    "company": "Brightwater Dental",
    "contact_name": "Lena Park",
    "contact_email": "lena@brightwater.com",
}


@pytest.fixture
def browser(house: House, client: Browser) -> Browser:
    client.force_login(house.harbor_login.user)
    return client


def path(house: House, rest: str = "referrals/") -> str:
    return f"/p/{house.msp.slug}/{rest}"


def test_three_fields_are_enough(house: House, browser: Browser) -> None:
    answer = browser.post(path(house, "refer/"), FACTS, follow=True)
    assert "We have your introduction of Brightwater Dental." in text_of(answer)
    assert "usually within one business day" in text_of(answer)
    with tenancy.use(house.msp.pk):
        referral = Referral.objects.get()
        assert (referral.partner, referral.channel) == (house.harbor, Channel.PORTAL)
        assert referral.registered_by_name == "Dana Finch, Harbor & Finch CPAs"
        assert referral.is_announced is False
        assert Message.objects.filter(subject="Thank you for introducing Brightwater Dental").exists()


def test_what_is_under_the_fold_is_kept_too(house: House, browser: Browser) -> None:
    more = {"note": "Server floods.", "expected_size": "25", "website": "brightwater.com", "is_announced": "on"}
    browser.post(path(house, "refer/"), {**FACTS, **more})
    with tenancy.use(house.msp.pk):
        referral = Referral.objects.get()
        assert (referral.note, referral.website) == ("Server floods.\nPeople: 25", "brightwater.com")
        assert referral.is_announced


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"company": ""}, "Enter the company's name."),
        ({"contact_name": ""}, "Enter the name of the person to talk to."),
        ({"contact_email": ""}, "Enter an e-mail address or a phone number so that we can reach them."),
        ({"contact_email": "lena at brightwater"}, "That is not an e-mail address."),
        ({"contact_email": "", "contact_phone": "call me"}, "“call me” is not a phone number."),
    ],
)
def test_what_cannot_be_sent_is_said_and_what_was_typed_is_kept(
    house: House, browser: Browser, facts: dict[str, str], sentence: str
) -> None:
    answer = browser.post(path(house, "refer/"), {**FACTS, "note": "Ask for Kim.", **facts})
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert "Ask for Kim." in text_of(answer)
    with tenancy.use(house.msp.pk):
        assert not Referral.objects.exists()


def test_the_form_is_made_for_a_thumb(house: House, browser: Browser) -> None:
    answer = text_of(browser.get(path(house, "refer/")))
    assert 'inputmode="email"' in answer
    assert 'type="tel"' in answer
    assert "<details" in answer


def test_sending_the_same_company_again_says_where_it_stands(house: House, browser: Browser) -> None:
    browser.post(path(house, "refer/"), FACTS)
    answer = browser.post(path(house, "refer/"), FACTS)
    assert answer.status_code == 422
    assert "You sent Brightwater Dental on" in text_of(answer)


def test_an_impatient_second_click_sends_once(house: House, browser: Browser) -> None:
    once = {"_once": str(uuid4())}
    first, second = (browser.post(path(house, "refer/"), {**FACTS, **once}) for _ in range(2))
    assert first["Location"] == second["Location"]


def test_a_suspended_partner_reads_why_instead_of_the_form(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        house.harbor.state, house.harbor.suspended_reason = PartnerState.SUSPENDED, "Unanswered questions."
        house.harbor.save(update_fields=["state", "suspended_reason"])
    for answer in (browser.get(path(house, "refer/")), browser.post(path(house, "refer/"), FACTS)):
        assert answer.status_code == 403
        assert "Unanswered questions." in text_of(answer)
    assert browser.get(path(house)).status_code == 200


def test_a_company_that_may_be_known_is_being_checked_without_naming_anyone(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        pipeline.submit(house.lake, channel=Channel.DASHBOARD, by=house.owner, at=timezone.now(), **FACTS)
    answer = text_of(browser.post(path(house, "refer/"), FACTS, follow=True))
    assert "We may already know this company." in answer
    assert "Lakeside" not in answer


def test_an_introduction_whose_credit_was_given_to_someone_else_says_so(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor)
        attribution.share(referral, [(house.lake, 10_000)], by=house.owner, at=timezone.now())
    answer = text_of(browser.get(path(house, f"referrals/{referral.pk}/")))
    assert "This introduction does not count for you." in answer
    assert "We are checking" not in answer


# Reading


@pytest.fixture
def theirs(house: House) -> Referral:
    """Lakeside's introduction, logged by the team with things a partner does not read."""
    with tenancy.use(house.msp.pk):
        referral = pipeline.submit(
            house.lake,
            company="Mesa Logistics",
            contact_email="kim@mesa-logistics.com",
            note="Pays late, says Lakeside.",
            expected_mrr_minor=777_700,
            channel=Channel.DASHBOARD,
            by=house.owner,
            at=timezone.now(),
        )
        action: dict[str, Any] = {"next_action": "Ask about money", "next_action_on": None, "owner": house.manager}
        return pipeline.assign(referral, **action, by=house.owner, at=timezone.now())


def test_a_partner_cannot_see_another_partners_introduction(house: House, browser: Browser, theirs: Referral) -> None:
    assert "Mesa" not in text_of(browser.get(path(house)))
    for rest in ("", "thanks/"):
        assert browser.get(path(house, f"referrals/{theirs.pk}/{rest}")).status_code == 404


def test_who_shares_the_credit_sees_the_stage_and_the_share_and_no_more(
    house: House, browser: Browser, theirs: Referral
) -> None:
    with tenancy.use(house.msp.pk):
        attribution.share(theirs, [(house.lake, 6_000), (house.harbor, 4_000)], by=house.owner, at=timezone.now())
    assert "You share the credit" in text_of(browser.get(path(house)))
    answer = text_of(browser.get(path(house, f"referrals/{theirs.pk}/")))
    assert "40% of the credit" in answer
    assert "Max Manager from our team is handling it" in answer
    for hidden in ("kim@mesa", "Pays late", "7,777", "Ask about money", "60%", "Lakeside", "Olga"):
        assert hidden not in answer


def test_a_partner_reads_plain_words_and_no_notes_of_the_team(house: House, client: Browser, theirs: Referral) -> None:
    client.force_login(house.lake_login.user)
    with tenancy.use(house.msp.pk):
        pipeline.qualify(theirs, by=house.owner, at=timezone.now())
        pipeline.lose(theirs, reason=LostReason.NO_FIT, note="Too small.", by=house.owner, at=timezone.now())
    answer = text_of(client.get(path(house, f"referrals/{theirs.pk}/")))
    assert "What they need is not what we do best" in answer
    assert "In conversation" in answer
    assert "kim@mesa-logistics.com" in answer
    for hidden in ("Too small.", "Pays late", "7,777", "Ask about money", "Not a fit"):
        assert hidden not in answer


def test_a_partner_of_another_msp_has_no_door(house: House, client: Browser) -> None:
    other = build_house("Other IT")
    client.force_login(other.harbor_login.user)
    assert client.get(path(house)).status_code == 404
    assert client.post(path(house, "refer/"), FACTS).status_code == 404


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    house: House, browser: Browser, django_assert_max_num_queries: Any
) -> None:
    def add(count: int) -> None:
        with tenancy.use(house.msp.pk):
            for _ in range(count):
                a_referral(house.harbor)

    add(2)
    browser.get(path(house))
    with django_assert_max_num_queries(100) as few:
        browser.get(path(house))
    add(30)
    with django_assert_max_num_queries(len(few)):
        browser.get(path(house))


def test_the_database_itself_shows_a_partner_its_own_rows_only(house: House, theirs: Referral) -> None:
    with tenancy.use(house.msp.pk):
        own = a_referral(house.harbor)
        shared = a_referral(house.lake, shares={house.lake: 5_000, house.harbor: 5_000})
        client = a_client(own)
        a_client(theirs)
    with tenancy.use(house.msp.pk, partner_id=house.harbor.pk):
        assert set(Referral.objects.all()) == {own, shared}
        assert {credit.partner_id for credit in Credit.objects.all()} == {house.harbor.pk}
        assert set(Client.objects.all()) == {client}
        assert not StageMove.objects.exclude(referral__in=[own, shared]).exists()


@pytest.mark.parametrize("table", ["referrals_finding", "referrals_matchkeys", "audit_auditevent", "accounts_user"])
def test_the_portal_may_not_read_what_is_the_teams(house: House, table: str) -> None:
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with tenancy.use(house.msp.pk, partner_id=house.harbor.pk), refused, transaction.atomic():
        connection.cursor().execute(f"SELECT 1 FROM {table}")


def test_the_portal_may_not_write(house: House) -> None:
    with tenancy.use(house.msp.pk):
        own = a_referral(house.harbor)
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with tenancy.use(house.msp.pk, partner_id=house.harbor.pk), refused, transaction.atomic():
        Referral.objects.filter(pk=own.pk).update(stage="won")
