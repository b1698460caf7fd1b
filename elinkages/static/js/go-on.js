// <go-on><form method="post">…</form></go-on>: sends the form by itself; without this, it takes a click.
class GoOn extends HTMLElement {
  connectedCallback() {
    // Coming back with the browser's button must not send it once more.
    const [visit] = performance.getEntriesByType("navigation");
    if (visit?.type !== "back_forward") this.querySelector("form")?.requestSubmit();
  }
}

customElements.define("go-on", GoOn);
