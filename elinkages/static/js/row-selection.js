// <row-selection><form id="selection">…</form></row-selection>: counts the ticked rows, and ticks a page at once.
// Without it the boxes and the buttons are there all the same.
class RowSelection extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.form = this.querySelector("form");
    this.every = document.querySelector(".pick.every");
    if (this.every) this.every.hidden = false;
    document.addEventListener("change", (event) => this.change(event.target), { signal });
    addEventListener("pageshow", () => this.show(), { signal });
    this.show();
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  boxes() {
    return [...this.form.elements].filter((control) => control.name === "id");
  }

  change(box) {
    if (box.form !== this.form) return;
    if (this.every?.contains(box)) for (const one of this.boxes()) one.checked = box.checked;
    this.show();
  }

  show() {
    const boxes = this.boxes();
    const ticked = boxes.filter((box) => box.checked).length;
    const all = this.form.elements.all.checked;
    const every = this.every?.querySelector("input");
    if (every) [every.checked, every.indeterminate] = [ticked === boxes.length, ticked > 0 && ticked < boxes.length];
    this.toggleAttribute("data-empty", !ticked && !all);
    this.querySelector("[role=status]").textContent = all ? "All matching rows are selected" : `${ticked} selected`;
  }
}

customElements.define("row-selection", RowSelection);
