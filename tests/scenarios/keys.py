"""Somebody without a mouse: goes by Tab, types, presses Enter, and can always see where they are."""

from playwright.sync_api import Page, expect

MOST_STOPS = 80
HERE = """() => {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const labels = [...(el.labels ?? [])].map((label) => label.innerText).join(" ");
  const words = el.getAttribute("aria-label") || labels || el.innerText || el.value || "";
  const isDrawn = (one, part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const around = [el, el.parentElement, el.closest("label, .pick")].filter(Boolean);
  const box = el.getBoundingClientRect();
  // A message that goes away by itself may lie over it for a moment.
  const all = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const top = all.find((one) => one.closest(".toasts") === el.closest(".toasts"));
  return {
    words: words.trim().replace(/\\s+/g, " "),
    isField: el.matches("input, select, textarea"),
    isMarked: around.some((one) => isDrawn(one) || isDrawn(one, "::after")),
    isInSight: box.bottom > 0 && box.top < innerHeight && (!top || el.contains(top) || top.contains(el)),
  };
}"""


class Keys:
    """A page in the hands of somebody who has a keyboard only."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go_to(self, name: str, *, field: bool = False) -> None:
        """Tab until what has the focus (a field, if asked) is called so; everything on the way shows that it has it."""
        for _ in range(MOST_STOPS):
            self.page.keyboard.press("Tab")
            here = self.page.evaluate(HERE)
            if here is None:
                continue
            assert here["isMarked"], f"{here['words']!r} has the focus and does not look so"
            assert here["isInSight"], f"{here['words']!r} has the focus out of sight"
            if here["words"].startswith(name) and (here["isField"] or not field):
                return
        raise AssertionError(f"No way by Tab to {name!r} on {self.page.url}")

    def press(self, name: str, then: str) -> None:
        """Go there, press Enter, and wait for the next page, which has that title."""
        self.go_to(name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", level=1, name=then)).to_be_visible()

    def write(self, name: str, text: str) -> None:
        """Go to a field and write over what it says."""
        self.go_to(name, field=True)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, name: str, option: str) -> None:
        """Go to a list of choices and take one by its beginning."""
        self.go_to(name, field=True)
        self.page.keyboard.type(option)

    def skip(self) -> None:
        """From the top of a page to its content, by the link that is there for it."""
        self.go_to("Skip to")
        self.page.keyboard.press("Enter")
