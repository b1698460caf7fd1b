"""Two spellings of one company, address or number become one key; a key is its own key."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from elinkages.kernel.match_keys import company_key, domain_key, email_key, phone_key

WORDS = some.sampled_from(["The", "Acme", "Müller", "&", "Sons", "Co.", "LLC", "Inc", "O'Brien", "A.B.C.", "3M", "—"])
NAMES = some.one_of(some.text(max_size=200), some.lists(WORDS, max_size=8).map(" ".join))


@given(NAMES)
@example("Ł\x80ȴ")
@example("ßȴ")
def test_the_key_of_a_company_key_is_itself(name: str) -> None:
    assert company_key(company_key(name)) == company_key(name)


@given(NAMES)
def test_case_and_space_around_a_company_do_not_matter(name: str) -> None:
    plain = name.encode("ascii", "ignore").decode()
    assert company_key(f"  {plain.upper()}  ") == company_key(plain.lower())


@given(some.emails())
def test_the_key_of_an_email_key_is_itself(email: str) -> None:
    assert email_key(email_key(email)) == email_key(email)


@given(
    some.one_of(some.text(max_size=60), some.emails(), some.from_regex(r"https?://[a-z0-9.-]{1,40}/?", fullmatch=True))
)
def test_the_key_of_a_domain_key_is_itself(text: str) -> None:
    assert domain_key(domain_key(text)) == domain_key(text)


@given(some.one_of(some.text(max_size=30), some.from_regex(r"\+?[0-9() .-]{5,20}", fullmatch=True)))
def test_the_key_of_a_phone_key_is_itself(number: str) -> None:
    key = phone_key(number)
    assert not key or phone_key(key) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Müller & Sons Co., LLC", "muller and sons"),
        ("O'Brien Law, P.C.", "OBrien Law"),
        ("3M", "3m"),
    ],
)
def test_two_spellings_of_one_company_meet(one: str, other: str) -> None:
    assert company_key(one) == company_key(other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://www.acme.co.uk/about", "acme.co.uk"),
        ("Dana@Mail.Acme.com", "acme.com"),
        ("someone@gmail.com", ""),
        ("not a site", ""),
        ("", ""),
    ],
)
def test_a_free_mail_provider_says_nothing_about_a_company(text: str, key: str) -> None:
    assert domain_key(text) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Завод «Ромашка»", "завод ромашка"),
        ("Чайка", "чаика"),
        ("東京 商事", "東京 商事"),
        ("Groß & Söhne", "gross and sohne"),
    ],
)
def test_a_name_in_any_script_has_a_key(name: str, key: str) -> None:
    assert company_key(name) == key
