"""A person's letters go to another address once its mailbox has confirmed it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import addresses, people
from partners.models import Contact, PartnerLogin
from tests import builders

pytestmark = pytest.mark.django_db

NEW = "news@finch.test"


def _contact(msp: Msp, dana: PartnerLogin) -> Contact:
    with tenancy.use(msp.pk):
        return Contact.objects.get(pk=dana.contact_id)


def _asked(msp: Msp, dana: PartnerLogin, address: str = NEW) -> str:
    """The link of a letter that was asked for now."""
    with tenancy.use(msp.pk):
        contact = Contact.objects.select_related("partner").get(pk=dana.contact_id)
        token = addresses.ask(contact, address, user=dana.user, at=timezone.now())
    return f"/address/{msp.slug}/{token}/"


def _profile(msp: Msp) -> str:
    return f"/p/{msp.slug}/profile/"


def _letters(msp: Msp) -> list[tuple[str, str]]:
    with tenancy.use(msp.pk):
        return list(Message.objects.order_by("pk").values_list("to", "subject"))


def test_another_address_waits_until_its_mailbox_confirms(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    old = dana.contact.email
    answer = portal.post(_profile(msp), {"name": "Dana F.", "email": NEW, "phone": "5"}, follow=True).content.decode()
    assert f"Open the link in the e-mail to {NEW}" in answer
    assert f"until then e-mails go to {old}" in answer.replace("<wbr>", "")
    contact = _contact(msp, dana)
    assert (contact.name, contact.phone, contact.email, contact.wanted_email) == ("Dana F.", "5", old, NEW)
    assert _letters(msp) == [(NEW, "Get e-mails from Northwind IT at this address?")]


def test_to_read_the_link_changes_nothing_and_to_confirm_it_tells_the_old_mailbox(msp: Msp, dana: PartnerLogin) -> None:
    old, link, stranger = dana.contact.email, _asked(msp, dana), Client()
    assert "Get e-mails from Northwind IT here?" in stranger.get(link).content.decode()
    assert _contact(msp, dana).email == old
    assert f"writes to {NEW}" in stranger.post(link).content.decode().replace("<wbr>", "")
    contact = _contact(msp, dana)
    assert (contact.email, contact.wanted_email) == (NEW, "")
    assert [to for to, _ in _letters(msp)] == [NEW, old]
    assert _letters(msp)[1][1] == "Your e-mails from Northwind IT now go to another address"


def test_the_link_tells_a_strange_mailbox_nothing_that_its_letter_does_not(msp: Msp, dana: PartnerLogin) -> None:
    old, link, stranger = dana.contact.email, _asked(msp, dana), Client()
    with tenancy.use(msp.pk):
        letter = Message.objects.get(to=NEW).text
    shown = stranger.get(link).content.decode() + stranger.post(link).content.decode()
    assert old not in shown.replace("<wbr>", "")
    for known in (dana.contact.name, dana.partner.name, msp.name):
        assert known in shown
        assert known in letter


def test_a_link_confirms_once(msp: Msp, dana: PartnerLogin) -> None:
    link = _asked(msp, dana)
    Client().post(link)
    again = Client().post(link)
    assert again.status_code == 409
    assert "has already been used" in again.content.decode()


def test_a_link_is_good_for_three_days(msp: Msp, dana: PartnerLogin) -> None:
    token = _asked(msp, dana).split("/")[-2]
    with tenancy.use(msp.pk), pytest.raises(addresses.LinkOver, match="good for 3 days"):
        addresses.confirm(token, at=timezone.now() + addresses.GOOD_FOR)


def test_a_link_that_is_cut_off_says_so(msp: Msp, dana: PartnerLogin) -> None:
    answer = Client().get(_asked(msp, dana)[:-4] + "/")
    assert "Copy all of it from the e-mail." in answer.content.decode()


def test_only_the_link_of_the_last_address_counts(msp: Msp, dana: PartnerLogin) -> None:
    first, _ = _asked(msp, dana), _asked(msp, dana, "other@finch.test")
    assert "another address has been entered since" in Client().post(first).content.decode()
    assert _contact(msp, dana).wanted_email == "other@finch.test"


def test_a_link_of_one_msp_opens_nothing_at_another(msp: Msp, dana: PartnerLogin) -> None:
    other, link = builders.an_msp("Harborline"), _asked(msp, dana)
    assert Client().post(link.replace(msp.slug, other.slug)).status_code == 409
    assert _contact(msp, dana).wanted_email == NEW


def test_to_think_again_makes_the_link_worthless(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    link, old = _asked(msp, dana), dana.contact.email
    page = portal.post(_profile(msp) + "address/forgetting/", follow=True).content.decode()
    assert f"Your e-mails still go to {old}." in page
    assert Client().post(link).status_code == 409
    assert _contact(msp, dana).email == old


def test_to_save_the_old_address_again_makes_the_link_worthless(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    link, old = _asked(msp, dana), dana.contact.email
    portal.post(_profile(msp), {"name": "Dana Finch", "email": old, "phone": ""})
    assert Client().post(link).status_code == 409


def test_what_the_msp_enters_meanwhile_counts(msp: Msp, dana: PartnerLogin) -> None:
    owner: Membership = builders.a_member(msp)
    link, contact = _asked(msp, dana), _contact(msp, dana)
    with tenancy.use(msp.pk):
        people.edit(contact, name=contact.name, email="desk@finch.test", phone="", by=owner, at=timezone.now())
    assert Client().post(link).status_code == 409
    assert _contact(msp, dana).email == "desk@finch.test"


def test_an_address_that_the_login_has_proven_counts_at_once(msp: Msp, dana: PartnerLogin, portal: Client) -> None:
    EmailAddress.objects.create(user=dana.user, email=NEW, verified=True)
    portal.post(_profile(msp), {"name": "Dana Finch", "email": NEW.upper(), "phone": ""})
    contact = _contact(msp, dana)
    assert (contact.email, contact.wanted_email) == (NEW, "")


def test_an_address_that_was_given_away_meanwhile_is_not_taken(msp: Msp, dana: PartnerLogin) -> None:
    link, old = _asked(msp, dana), dana.contact.email
    with tenancy.use(msp.pk):
        Contact.objects.create(partner=dana.partner, name="Kim", email=NEW, created_at=builders.AT)
    answer = Client().post(link)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "other e-mails of Northwind IT go to this address already" in page
    assert "Kim" not in page
    assert _contact(msp, dana).email == old


def test_a_person_who_was_removed_confirms_nothing(msp: Msp, dana: PartnerLogin) -> None:
    owner, link = builders.a_member(msp), _asked(msp, dana)
    with tenancy.use(msp.pk):
        people.remove(dana.contact, by=owner, at=timezone.now() + timedelta(minutes=1))
    assert Client().post(link).status_code == 409
