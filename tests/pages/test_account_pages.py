"""The pages of accounts and the public site stand in our frame, signed in and signed out."""

import pytest
from django.test import Client
from django.urls import reverse

from elinkages.mail.models import AccountLetter
from tests import builders

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = ("home", "account_login", "account_signup", "account_reset_password", "account_reset_password_done")
OF_A_PERSON = ("home", "account_email", "account_change_password", "account_logout", "account_reset_password")


def _sound(html: str) -> bool:
    return 'class="wordmark"' in html and "style=" not in html and "<h1>" in html and html.count("<main") == 1


@pytest.mark.parametrize("name", OPEN_TO_ALL)
def test_a_page_for_everyone_stands_in_our_frame(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert _sound(answer.content.decode())


@pytest.mark.parametrize("name", OF_A_PERSON)
def test_a_page_of_one_persons_account_stands_in_our_frame(client: Client, name: str) -> None:
    client.force_login(builders.a_user())
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert _sound(answer.content.decode())


def test_a_wrong_login_keeps_the_address_and_says_what_to_do(client: Client) -> None:
    html = client.post(reverse("account_login"), {"login": "dana@example.com", "password": "wrong"}).content.decode()
    assert 'value="dana@example.com"' in html
    assert 'role="alert"' in html
    assert "wrong" not in html.split("<main")[1]


def test_the_code_of_a_sign_up_comes_as_text_and_in_our_letter(client: Client) -> None:
    person = {"name": "Dana Finch", "email": "dana@example.com", "password1": "correct horse battery"}
    answer = client.post(reverse("account_signup"), person, follow=True)
    assert "Enter the code from your e-mail" in answer.content.decode()
    assert _sound(answer.content.decode())
    letter = AccountLetter.objects.get()
    code = letter.subject.removeprefix("Your code: ")
    assert code in letter.text
    assert code in letter.html
    assert "You receive this because of your account at Elinkages." in letter.html


def test_a_link_to_a_new_password_comes_as_text_and_as_a_button_and_works_once(client: Client) -> None:
    user = builders.a_user()
    client.post(reverse("account_reset_password"), {"email": user.email})
    letter = AccountLetter.objects.get()
    link = next(line for line in letter.text.splitlines() if line.startswith("http"))
    assert f'href="{link}"' in letter.html
    page = client.get(link, follow=True)
    assert "Choose a new password" in page.content.decode()
    chosen = {"password1": "seven blue kettles sing", "password2": "seven blue kettles sing"}
    done = client.post(page.request["PATH_INFO"], chosen, follow=True)
    assert "Your password is changed" in done.content.decode()
    assert "This link has expired" in Client().get(link, follow=True).content.decode()


def test_a_page_that_does_not_exist_says_so_in_our_frame(client: Client) -> None:
    answer = client.get("/accounts/nothing/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    assert _sound(answer.content.decode())
