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
    clearTimeout(this.timer);
    button.disabled = on;
    button.ariaBusy = on ? "true" : null;
    // An answer that is a download leaves this page standing.
    if (on) this.timer = setTimeout(() => this.busy(button, false), 15000);
  }
}

customElements.define("submit-once", SubmitOnce);
