// <auto-submit><form class="filters">…</form></auto-submit>: a filter applies when it is chosen.
class AutoSubmit extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => {
      if (event.target.type === "search" || event.target.type === "text" || event.target.closest("details")) return;
      event.target.form?.requestSubmit();
    });
  }
}

customElements.define("auto-submit", AutoSubmit);
