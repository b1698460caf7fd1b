// A table that fits its frame lets its header stick to the window; one that does not scrolls in its frame.
class WideTables extends HTMLElement {
  connectedCallback() {
    this.watch = new ResizeObserver((entries) => entries.forEach((entry) => this.measure(entry.target)));
    this.find = () => document.querySelectorAll(".table-wrap").forEach((frame) => this.watch.observe(frame));
    this.find();
    document.addEventListener("htmx:afterSettle", this.find);
  }

  disconnectedCallback() {
    this.watch?.disconnect();
    document.removeEventListener("htmx:afterSettle", this.find);
  }

  measure(frame) {
    const table = frame.querySelector("table");
    frame.toggleAttribute("data-fits", Boolean(table) && table.offsetWidth <= frame.clientWidth);
  }
}

customElements.define("wide-tables", WideTables);
