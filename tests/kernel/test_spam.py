"""A form for everybody: robots are asked again, people are not in the way, and nobody sends without end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django import forms
from django.core import signing
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from pytest_django.fixtures import Settings

from elinkages.celery import redis_client
from elinkages.kernel import spam

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
LATER = AT + timedelta(seconds=20)


class Greeting(spam.PublicForm):
    """A small public form."""

    name = forms.CharField()


def shown(purpose: str = "greet:acme", at: datetime = AT) -> str:
    return Greeting(purpose=purpose, at=at).current_stamp


def sent(at: datetime = LATER, purpose: str = "greet:acme", **data: str) -> Greeting:
    data = {"name": "Ana", "stamp": shown(), **data}
    return Greeting(data, purpose=purpose, at=at)


def test_a_person_passes() -> None:
    form = sent()
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"name": "Ana"}


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (lambda: sent(homepage="http://pills.example"), "cannot see"),
        (lambda: sent(at=AT + timedelta(seconds=1)), "faster than people"),
        (lambda: sent(at=AT + timedelta(hours=25)), "too long"),
        (lambda: sent(at=AT - timedelta(seconds=5)), "too long"),
        (lambda: sent(stamp=""), "too long"),
        (lambda: sent(stamp="eyJmb3IiOiJncmVldCJ9:1abc:forged"), "too long"),
        (lambda: sent(stamp=shown("greet:rival")), "too long"),
        (lambda: sent(stamp=signing.dumps({"for": "greet:acme", "at": 0}, salt="another salt")), "too long"),
        (lambda: sent(stamp=signing.dumps(["greet:acme"], salt=spam.SALT)), "too long"),
    ],
)
def test_a_robot_reads_why(form: Callable[[], forms.Form], why: str) -> None:
    made = form()
    assert not made.is_valid()
    assert why in str(made.non_field_errors())


def test_a_correction_need_not_wait_and_an_old_page_gets_a_fresh_stamp() -> None:
    wrong = sent(name="")
    assert not wrong.is_valid()
    assert wrong.current_stamp == wrong.data["stamp"]
    old = sent(at=AT + timedelta(days=3))
    assert old.current_stamp != old.data["stamp"]


def test_the_page_hides_the_field_for_robots_and_empties_it() -> None:
    html = render_to_string("components/spam.html", {"form": sent(homepage="http://pills.example")})
    assert 'aria-hidden="true"' in html
    assert "pills" not in html
    assert 'tabindex="-1"' in html


def test_a_limit_counts_by_window_purpose_and_sender() -> None:
    purpose, hour = f"test:{uuid4()}", timedelta(hours=1)
    for _ in range(3):
        spam.limit(purpose, "203.0.113.7", most=3, per=hour, at=AT)
    with pytest.raises(spam.TooMany) as refused:
        spam.limit(purpose, "203.0.113.7", most=3, per=hour, at=AT)
    assert refused.value.status == 429
    assert "1 hour" in refused.value.message
    spam.limit(purpose, "203.0.113.8", most=3, per=hour, at=AT)
    spam.limit(f"{purpose}:other", "203.0.113.7", most=3, per=hour, at=AT)
    spam.limit(purpose, "203.0.113.7", most=3, per=hour, at=AT + hour)


def test_a_limit_keeps_no_addresses() -> None:
    purpose, who = f"test-{uuid4()}", "203.0.113.7"
    spam.limit(purpose, who, most=1, per=timedelta(minutes=1), at=AT)
    kept = [key.decode() for key in redis_client().scan_iter(f"*{purpose}*", count=10_000)]
    assert len(kept) == 1
    assert who not in kept[0]


def test_without_redis_people_still_get_through(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    for _ in range(3):
        spam.limit("test", "203.0.113.7", most=1, per=timedelta(minutes=1), at=AT)


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_a_household_is_one_sender(remote: str, network: str) -> None:
    assert spam.address_of(RequestFactory().get("/", REMOTE_ADDR=remote)) == network


def test_a_header_that_anybody_can_write_is_not_believed() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert spam.address_of(request) == "203.0.113.7"
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        assert spam.address_of(request) == "198.51.100.1"
