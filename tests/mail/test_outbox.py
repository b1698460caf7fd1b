"""Letters: written with their cause, sent once, tried again, given up with a reason."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from elinkages.accounts.models import Membership
from elinkages.kernel import tenancy
from elinkages.mail import outbox, tasks
from elinkages.mail.models import MOST_ATTEMPTS, PATIENCE, Message
from tests import builders, queue

pytestmark = pytest.mark.django_db
Box = list[EmailMultiAlternatives]


@pytest.fixture
def owner() -> Membership:
    return builders.a_member(builders.an_msp("Acme IT", "acme", contact_email="office@acme.example"))


@pytest.fixture(autouse=True)
def _nothing_waits() -> None:
    queue.empty()


def _write(owner: Membership, *, key: str = "one", **more: Any) -> Message:
    context = {
        "inviter": owner.user,
        "role": "Manager",
        "role_sentence": "Runs partners.",
        "url": "https://x/",
        "invitation": {"email": "nina@example.com", "expires_at": timezone.now()},
    }
    with tenancy.use(owner.msp.pk):
        return outbox.send(
            to="nina@example.com", template="emails/invitation", context=context, key=key, at=timezone.now(), **more
        )


def _deliver(message: Message) -> Message:
    tasks.deliver(msp_id=str(message.msp_id), message_id=str(message.pk))
    with tenancy.use(message.msp.pk):
        return Message.objects.get(pk=message.pk)


def _later(message: Message, pause: timedelta) -> None:
    with tenancy.use(message.msp.pk):
        Message.objects.filter(pk=message.pk).update(tried_at=timezone.now() - pause)


def _failing(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> None:
    def send(*_: Any, **__: Any) -> None:
        raise problem

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)


def test_a_letter_comes_from_the_msp_and_is_answered_to_the_msp(owner: Membership, mailoutbox: Box) -> None:
    message = _deliver(_write(owner))
    (mail,) = mailoutbox
    assert mail.from_email == "Acme IT <hello@elinkages.example>"
    assert mail.reply_to == ["office@acme.example"]
    assert mail.to == ["nina@example.com"]
    assert mail.extra_headers["Message-ID"] == f"<{message.pk}@elinkages.example>"
    assert mail.alternatives[0][1] == "text/html"
    assert message.sent_at
    assert message.text, "what is no secret stays to be read"


def test_a_secret_letter_is_erased_once_it_left(owner: Membership, mailoutbox: Box) -> None:
    message = _deliver(_write(owner, secret=True, reply_to="alice@acme.example"))
    assert mailoutbox[0].reply_to == ["alice@acme.example"]
    assert (message.text, message.html) == ("", "")


def test_a_name_cannot_smuggle_a_header(owner: Membership, mailoutbox: Box) -> None:
    owner.user.name = "Eve\r\nBcc: all@example.com"
    message = _write(owner)
    assert message.subject == "Eve Bcc: all@example.com invited you to Acme IT on Elinkages"
    _deliver(message)
    assert "\nBcc:" not in str(mailoutbox[0].message()).partition("\n\n")[0]


def test_a_letter_is_written_once_per_key_and_nudged_after_the_commit(
    owner: Membership,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = _write(owner)
        assert queue.waiting(tasks.deliver) == []
        assert _write(owner) == first
    assert queue.waiting(tasks.deliver) == [{"msp_id": str(owner.msp.pk), "message_id": str(first.pk)}]


def test_without_its_cause_there_is_no_letter(
    owner: Membership,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        _written_and_undone(owner)
    assert queue.waiting(tasks.deliver) == []
    with tenancy.use(owner.msp.pk):
        assert not Message.objects.exists()


def _written_and_undone(owner: Membership) -> None:
    with tenancy.use(owner.msp.pk):
        _write(owner)
        transaction.set_rollback(True)


def test_two_nudges_send_one_letter(owner: Membership, mailoutbox: Box) -> None:
    message = _write(owner)
    _deliver(message)
    _deliver(message)
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_costs_patience_and_sends_one_letter(
    owner: Membership, mailoutbox: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = _write(owner)
    queue.empty()
    with monkeypatch.context() as patch:
        _failing(patch, KeyboardInterrupt())  # type: ignore[arg-type]  # a kill is no Exception, and is not caught
        with pytest.raises(KeyboardInterrupt):
            _deliver(message)
    assert _deliver(message).sent_at is None, "the dead worker may still be sending: not yet"
    tasks.sweep()
    assert queue.waiting(tasks.deliver) == []
    _later(message, PATIENCE[0])
    tasks.sweep()
    assert queue.waiting(tasks.deliver) == [{"msp_id": str(owner.msp.pk), "message_id": str(message.pk)}]
    message = _deliver(message)
    assert message.sent_at
    assert message.attempts == 2
    assert len(mailoutbox) == 1


def test_no_transaction_is_open_while_the_mail_server_is_asked(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda *_: seen.append(tenancy.active()))
    _deliver(_write(owner))
    assert seen == [False]


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_recorded_and_tried_again_until_the_letter_is_parked(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, SMTPServerDisconnected("Connection unexpectedly closed"))
    message = _write(owner)
    queue.empty()
    for pause in (*PATIENCE, timedelta()):
        message = _deliver(message)
        assert message.error == "SMTPServerDisconnected: Connection unexpectedly closed"
        assert (message.parked_at is None) == (message.attempts < MOST_ATTEMPTS)
        _later(message, pause)
    assert (message.attempts, message.state) == (MOST_ATTEMPTS, "Parked")
    _later(message, timedelta(days=9))
    tasks.sweep()
    assert queue.waiting(tasks.deliver) == []
    assert _deliver(message).attempts == MOST_ATTEMPTS


def test_an_address_that_is_refused_for_good_is_parked_at_once(
    owner: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, SMTPRecipientsRefused({"nina@example.com": (550, b"No such user")}))
    assert _deliver(_write(owner)).state == "Parked"
    _failing(monkeypatch, SMTPRecipientsRefused({"nina@example.com": (450, b"Try later")}))
    assert _deliver(_write(owner, key="two")).state == "Waiting"


def test_a_letter_whose_every_attempt_died_is_parked_by_the_next_one(owner: Membership, mailoutbox: Box) -> None:
    message = _write(owner)
    with tenancy.use(owner.msp.pk):
        Message.objects.update(attempts=MOST_ATTEMPTS, tried_at=timezone.now() - timedelta(days=2))
    message = _deliver(message)
    assert message.state == "Parked"
    assert "every attempt" in message.error
    assert mailoutbox == []


def test_a_letter_of_another_msp_is_not_sent(owner: Membership, mailoutbox: Box) -> None:
    message = _write(owner)
    rival = builders.an_msp("Rival")
    tasks.deliver(msp_id=str(rival.pk), message_id=str(message.pk))
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_the_sweep_nudges_letters_of_every_msp(
    owner: Membership,
) -> None:
    rival = builders.a_member(builders.an_msp("Rival", "rival"))
    messages = [_write(owner), _write(rival)]
    queue.empty()
    tasks.sweep()
    assert {nudge["message_id"] for nudge in queue.waiting(tasks.deliver)} == {str(message.pk) for message in messages}
