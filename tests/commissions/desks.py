"""People of an MSP in front of a browser."""

from typing import Any

from django.test import Client as Browser

from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from tests import builders


class Desk:
    """One person of the MSP in front of a browser."""

    def __init__(self, msp: Msp, role: str, name: str) -> None:
        self.msp = msp
        self.member: Membership = builders.a_member(msp, role, name)
        self.browser = Browser()
        self.browser.force_login(self.member.user)

    def open(self, name: str, *args: Any, **query: str) -> str:
        answer = self.browser.get(doors.url("dashboard", self.msp, f"dashboard:{name}", *args), query)
        assert answer.status_code == 200, answer.status_code
        return answer.content.decode()

    def send(self, name: str, *args: Any, **data: str) -> Any:
        return self.browser.post(doors.url("dashboard", self.msp, f"dashboard:{name}", *args), data)
