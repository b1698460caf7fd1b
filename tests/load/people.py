"""What fifty people do at once, for locust: read their pages, send introductions, write down contacts.

Their sessions are made beforehand (LOAD_PEOPLE names the file): fifty logins a second from one address are
what the rate limits are there to refuse.
"""

import json
import os
import re
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import HttpUser, between, task

_people: dict[str, Any] = {
    kind: cycle(people) for kind, people in json.loads(Path(os.environ["LOAD_PEOPLE"]).read_text()).items()
}


def _hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return found[1] if found else ""


class _Person(HttpUser):
    """Someone with a session, a door, and a pause between two clicks."""

    abstract = True
    wait_time = between(0.5, 2.5)
    kind = ""

    def on_start(self) -> None:
        """Sit down at the browser."""
        me = next(_people[self.kind])
        self.base: str = me["base"]
        self.ids: dict[str, str] = me["ids"]
        for name, value in me["cookies"].items():
            self.client.cookies.set(name, value)

    def read(self, path: str, name: str) -> str:
        """Open a page; anything but 200 is a failure."""
        return str(self.client.get(f"{self.base}/{path}", name=f"{self.kind}: {name}").text)

    def send(self, path: str, name: str, values: dict[str, str]) -> None:
        """Open a form, fill it in, send it; the answer must be a redirect to what was made."""
        html = self.read(path, f"{name}, form")
        values |= {"csrfmiddlewaretoken": _hidden(html, "csrfmiddlewaretoken"), "_once": _hidden(html, "_once")}
        address = f"{self.base}/{path}"
        with self.client.post(
            address,
            values,
            name=f"{self.kind}: {name}, sent",
            headers={"Referer": f"{self.host}{address}"},
            allow_redirects=False,
            catch_response=True,
        ) as answer:
            if answer.status_code not in (302, 303):
                answer.failure(f"{answer.status_code} instead of a redirect")


class Owner(_Person):
    """Looks at what needs doing, and does some of it."""

    kind = "owner"
    weight = 20

    @task(4)
    def home(self) -> None:
        """The to-do list."""
        self.read("", "home")

    @task(4)
    def referrals(self) -> None:
        """The list, then one of them."""
        self.read("referrals/", "referrals")
        self.read(f"referrals/{self.ids['referral']}/", "a referral")

    @task(2)
    def search(self) -> None:
        """A name."""
        self.read("referrals/?q=ken", "search")

    @task(2)
    def partners(self) -> None:
        """The list, then one of them."""
        self.read("partners/", "partners")
        self.read(f"partners/{self.ids['partner']}/", "a partner")

    @task(1)
    def board(self) -> None:
        """The pipeline."""
        self.read("referrals/board/", "board")

    @task(1)
    def log_referral(self) -> None:
        """Someone phoned."""
        facts = {"partner": self.ids["partner"], "partner_name": self.ids["partner_name"]}
        self.send("referrals/new/", "log a referral", facts | {"company": f"Load {uuid4().hex[:12]}"})


class Bookkeeper(_Person):
    """Reads what is owed and why."""

    kind = "finance"
    weight = 10

    @task(3)
    def payouts(self) -> None:
        """The runs, then one of them."""
        self.read("payouts/", "payouts")
        self.read(f"payouts/runs/{self.ids['run']}/", "a run")

    @task(3)
    def commissions(self) -> None:
        """The amounts, then a reason."""
        self.read("commissions/", "commissions")
        self.read(f"commissions/{self.ids['entry']}/", "an amount")

    @task(1)
    def clients(self) -> None:
        """The list, then one of them."""
        self.read("clients/", "clients")
        self.read(f"clients/{self.ids['client']}/", "a client")


class Referrer(_Person):
    """Sends introductions from a phone and looks what became of them."""

    kind = "partner"
    weight = 20

    @task(3)
    def home(self) -> None:
        """What changed."""
        self.read("", "home")

    @task(2)
    def referrals(self) -> None:
        """Where each one stands."""
        self.read("referrals/", "referrals")

    @task(2)
    def earnings(self) -> None:
        """What I earned."""
        self.read("earnings/", "earnings")

    @task(2)
    def refer(self) -> None:
        """It takes half a minute."""
        name = uuid4().hex[:12]
        facts = {"company": f"Load {name}", "contact_name": "Lou Load", "contact_email": f"lou@{name}.example"}
        self.send("refer/", "refer", facts)
