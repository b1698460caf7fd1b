// Keys for lists: j and k move, Enter opens, x ticks, / searches. Escape closes an open menu.
export const typing = (target) => target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

class PageKeys extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    document.addEventListener("keydown", (event) => this.press(event), { signal });
    document.addEventListener("click", (event) => this.closeMenus(event.target), { signal });
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  press(event) {
    if (event.key === "Escape") return this.closeMenus(document.body, document.activeElement);
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const act = { j: () => this.move(1), k: () => this.move(-1), x: () => this.tick(), "/": () => this.search() }[event.key];
    if (act?.()) event.preventDefault();
  }

  rows() {
    return [...document.querySelectorAll("main .table tbody tr:has(.row-link)")];
  }

  move(step) {
    const rows = this.rows();
    if (!rows.length) return false;
    const here = rows.findIndex((row) => row.hasAttribute("data-cursor") || row.contains(document.activeElement));
    const next = rows[Math.min(Math.max(here + step, 0), rows.length - 1)];
    for (const row of rows) row.toggleAttribute("data-cursor", row === next);
    next.querySelector(".row-link").focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  tick() {
    const box = document.querySelector("main .table tr[data-cursor] input[type=checkbox]");
    box?.click();
    return Boolean(box);
  }

  search() {
    const palette = document.querySelector("command-palette");
    if (palette?.open) return palette.open() ?? true;
    const input = document.querySelector("main input[type=search], input[type=search]");
    input?.focus();
    return Boolean(input);
  }

  closeMenus(inside, focused) {
    focused?.closest("details.menu[open]")?.querySelector("summary").focus();
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(inside)) menu.open = false;
  }
}

customElements.define("page-keys", PageKeys);
