"""Introductions by people without a login: what they send, and the letter that confirms it."""

import re
from datetime import UTC, datetime
from typing import Any

from elinkages.mail.models import Message
from referrals import inquiries
from referrals.models import Inquiry
from tests.referrals.conftest import House

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "company": "Mesa Logistics",
    "sender_name": "Ana Alvarez",
    "sender_email": "Ana@Alvarez.example",
    "contact_name": "Ben Brook",
    "contact_email": "ben@mesalogistics.com",
}


def turn_on(house: House) -> None:
    inquiries.change_settings(is_on=True, intro="Hello.", consent="I agree.", by=house.owner, at=AT, msp=house.msp)


def token_of(inquiry: Inquiry) -> str:
    letter = Message.objects.get(key=f"inquiry:{inquiry.pk}")
    found = re.search(r"/confirmation/([\w-]+)/", letter.text)
    assert found
    return found[1]
