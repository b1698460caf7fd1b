"""People with a browser for the scenarios: what they press, fill in and read, and what goes wrong meanwhile."""

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, expect

from tests.worker import until

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PATIENCE_MILLISECONDS = 40_000
TELLS_ITS_WIDTH = """addEventListener("load", () => {
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) console.error(`${scrollWidth} wide in a window of ${innerWidth}`);
});"""


class Visitor:
    """One person in one window. `faults` collects errors of the console and pages wider than the window."""

    def __init__(self, browser: Browser, site: str, window: Any, *, logged_in_as: "Visitor | None" = None) -> None:
        state = logged_in_as.context.storage_state() if logged_in_as else None
        self.context: BrowserContext = browser.new_context(base_url=site, viewport=window, storage_state=state)
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.context.add_init_script(TELLS_ITS_WIDTH)
        self.faults: list[str] = []
        self.context.on("console", lambda told: self._note(told.text) if told.type == "error" else None)
        self.context.on("weberror", lambda thrown: self._note(str(thrown.error)))
        self.page = self.context.new_page()

    def _note(self, fault: str) -> None:
        self.faults.append(f"{urlsplit(self.page.url).path}: {fault}")

    def open(self, address: str) -> None:
        """Go to a path of the site, or to the path of a link that was written for another host."""
        answer = self.page.goto(urlsplit(address).path)
        assert answer is not None
        assert answer.status == 200, f"{address} gave {answer.status}"

    def press(self, name: str, then: str) -> None:
        """Press the button or link whose name begins so, and wait for the page with that title."""
        pattern = re.compile(f"^{re.escape(name)}")
        found = [self.page.get_by_role(role, name=pattern) for role in ("button", "link")]
        found[0].or_(found[1]).first.click()
        self.is_at(then)

    def is_at(self, title: str) -> None:
        """Wait for a page by its title."""
        heading = self.page.get_by_role("heading", level=1, name=title)
        expect(heading).to_be_visible(timeout=PATIENCE_MILLISECONDS)

    def fill(self, texts: dict[str, str]) -> None:
        """Fill the fields whose labels begin so."""
        for label, text in texts.items():
            self.field(label).fill(text)

    def field(self, label: str) -> "Locator":
        """The control whose label begins so."""
        return self.page.locator("main").get_by_label(re.compile(rf"^\s*{re.escape(label)}"))

    def reads(self, *texts: str) -> None:
        """Each of the texts stands on the page, where it can be seen."""
        for text in texts:
            found = self.page.locator("main").get_by_text(text).filter(visible=True)
            expect(found.first).to_be_visible(timeout=PATIENCE_MILLISECONDS)


def letter(folder: Path, *, to: str, says: str) -> str:
    """What the group of `says` matches in a letter that the worker has sent to someone; waits until it has."""
    found: list[str] = []

    def is_there() -> bool:
        found.extend(_matches(folder / "mail", to, says))
        return bool(found)

    until(is_there, f"{to} has a letter that says {says}")
    return found[0]


def _matches(folder: Path, to: str, says: str) -> list[str]:
    found = []
    for path in sorted(folder.glob("*")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",)) if to in str(mail["To"]) else None
        if body is not None and (match := re.search(says, body.get_content())):
            found.append(match[1])
    return found
