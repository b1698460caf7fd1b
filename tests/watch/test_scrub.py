"""Nothing secret and nothing of a person gets past the scrubber; what a reader needs does."""

from uuid import uuid4

import pytest

from elinkages.watch import scrub


@pytest.mark.parametrize(
    ("said", "canary"),
    [
        ("Mail to canary.person@example.com was refused", "canary.person"),
        ("duplicate key: Key (email)=(canary@example.com) already exists.", "canary"),
        ("Key (name, kind)=(Canary (Holding) Ltd, cpa) already exists.", "Canary"),
        ("Failing row contains (019a, Canary Ltd, 12-3456789, null).", "Canary"),
        ("Failing row contains (019a, Canary Ltd, null).\nnext line", "Canary"),
        ("TIN 123-45-6789 refused", "6789"),
        ("EIN 12-3456789 refused", "3456789"),
        ("SSN 123456789 refused", "123456789"),
        ("account 4000123412341234", "4000123412341234"),
        ("IBAN DE89 3704 0044 0532 0130 00 is closed", "0532"),
        ("connect postgresql://elinkages_app:canary@db:5432/x failed", "canary"),
        ("GET /p/acme/join/?token=canary12 gave 404", "canary12"),
        ("GET https://x.example/hook?sig=canary", "canary"),
        ("/invitation/acme/Zx81canaryQp9876543210abcdefgh/ is over", "canary"),
        ("password=canary1", "canary1"),
        ('{"password": "canary"}', "canary"),
        ("Authorization: Bearer canary=1", "canary"),
        ("password is canary1", "canary1"),
        ("code: 4711-canary", "canary"),
    ],
)
def test_texts_lose_what_nobody_may_read(said: str, canary: str) -> None:
    assert canary not in scrub.text(said)


@pytest.mark.parametrize(
    "said",
    [
        "Contract 019aa5a0-7f3b-7c00-8000-123456789012: the rate has no base",
        "The worker stopped with exit code 137",
        "Task commissions.tasks.accrue[019aa5a0-7f3b-7c00-8000-123456789012] succeeded in 0.042 s",
        "14 payouts, $8,214.55, on 2026-11-21T13:45:00.123456Z",
        "File elinkages/accounts/access.py, line 42, in opened",
        "token expired",
        "Why? Because.",
        "payout_run_second_person_required_again",
    ],
)
def test_what_a_reader_needs_stays(said: str) -> None:
    assert scrub.text(said) == said


def test_names_hide_their_values_at_any_depth() -> None:
    known = str(uuid4())
    found = scrub.anything(
        {
            "request_id": known,
            "headers": [{"Authorization": "canary", "X-CSRF-Token": "canary"}, {"Cookie": "session=canary"}],
            "form": {"tin": "canary", "email": "canary", "phone": "canary", "bank_account_number": "canary"},
            "ip": "canary",
            "shipped": "yes",
            "password": "",
        }
    )
    assert "canary" not in str(found)
    assert (found["request_id"], found["shipped"], found["password"]) == (known, "yes", "")


def test_other_objects_are_told_as_scrubbed_texts_and_endless_ones_end() -> None:
    assert scrub.anything(ValueError("canary@example.com")) == "[e-mail]"
    endless: dict[str, object] = {}
    endless["more"] = endless
    assert scrub.HIDDEN in str(scrub.anything(endless))
