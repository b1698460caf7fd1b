"""What a visitor of the join page does, by the real views."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django.test import Client

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners.models import Application, SourceKind
from tests.reading import hidden, read

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ADVISER = SourceKind.CENTRE


def apply(url: str, *, after: int = 30, **answers: Any) -> Any:
    """Open the form, take some time, send it."""
    visitor = Client()
    with time_machine.travel(AT, tick=False):
        html = read(visitor, url)
    filled = {
        "name": "Kestrel Advisory, LLC",
        "contact_name": "Kim Kestrel",
        "email": "Kim@Kestrel.test",
        "stamp": hidden(html, "stamp"),
        "_once": hidden(html, "_once"),
    } | answers
    with time_machine.travel(AT + timedelta(seconds=after), tick=False):
        return visitor.post(url, filled)


def confirmation_link(msp: Msp) -> str:
    with tenancy.use(msp.pk):
        letter = Message.objects.filter(key__startswith="application-confirmation").order_by("created_at", "pk").last()
        assert letter
        assert letter.is_secret
        found = re.search(r"http://[^/]+(/join/\S+)", letter.text)
        assert found
        return found[1]


def confirm(msp: Msp, minutes: int = 5) -> Any:
    link = confirmation_link(msp)
    with time_machine.travel(AT + timedelta(minutes=minutes), tick=False):
        html = read(Client(), link)
        return Client().post(link, {"_once": hidden(html, "_once")})


def the_application(msp: Msp) -> Application:
    with tenancy.use(msp.pk):
        return Application.objects.select_related("partner").get()
