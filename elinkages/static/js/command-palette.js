// <command-palette><a href="/…/search/">Search</a></command-palette>: the page behind the link, in a dialog, as one types.
class CommandPalette extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.addEventListener("click", (event) => event.target.closest("a") && !event.ctrlKey && !event.metaKey && this.open(event));
    document.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) this.open(event);
    }, { signal });
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  open(event) {
    event?.preventDefault();
    if (document.querySelector("dialog[open]")) return;
    const dialog = Object.assign(document.createElement("dialog"), { className: "palette", ariaLabel: "Go to" });
    this.input = Object.assign(document.createElement("input"), { type: "text", placeholder: "Name, e-mail, domain, reference or page", ariaLabel: "Search" });
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "found", "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off" })) this.input.setAttribute(name, value);
    this.results = document.createElement("div");
    dialog.append(this.input, this.results);
    dialog.setAttribute("closedby", "any");
    dialog.addEventListener("close", () => dialog.remove());
    this.input.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.load(), 120); });
    this.input.addEventListener("keydown", (pressed) => this.press(pressed));
    document.body.append(dialog);
    dialog.showModal();
    this.load();
  }

  async load() {
    const href = this.querySelector("a").href;
    const asked = this.input.value;
    const answer = await fetch(`${href}?${new URLSearchParams({ part: "1", q: asked })}`).catch(() => null);
    if (!answer?.ok || answer.redirected) return location.assign(href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (asked !== this.input.value) return;
    this.results.replaceChildren(...page.body.children), this.mark(0);
  }

  mark(index) {
    const options = [...this.results.querySelectorAll("[role=option]")];
    this.at = Math.min(Math.max(index, 0), options.length - 1);
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === this.at)));
    this.input.setAttribute("aria-activedescendant", options[this.at]?.id ?? "");
    options[this.at]?.scrollIntoView({ block: "nearest" });
  }

  press(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.mark(this.at + step);
    if (event.key === "Escape") this.input.closest("dialog").close();
    if (event.key === "Enter") this.results.querySelector("[aria-selected=true]")?.click();
    if (step || event.key === "Enter") event.preventDefault();
  }
}

customElements.define("command-palette", CommandPalette);
