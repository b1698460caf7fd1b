// <submit-once><button type="submit">…</button></submit-once>: an impatient second click sends nothing.
class SubmitOnce extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const { signal } = this.stop;
    const button = this.querySelector("button");
    const form = button?.form;
    if (!form) return;
    form.addEventListener("submit", (event) => setTimeout(() => !event.defaultPrevented && this.busy(button, true)), { signal });
    form.addEventListener("htmx:afterRequest", () => this.busy(button, false), { signal });
    // Coming back with the browser's button shows the page as it was left: busy, for ever.
    addEventListener("pageshow", () => this.busy(button, false), { signal });
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  busy(button, on) {
    button.disabled = on;
    button.toggleAttribute("aria-busy", on);
    if (on) button.setAttribute("aria-busy", "true");
  }
}

customElements.define("submit-once", SubmitOnce);
