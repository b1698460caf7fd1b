// <copy-button><input readonly><button hidden>…<span>Copy</span></button></copy-button>
class CopyButton extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input");
    const button = this.querySelector("button");
    if (!input || !button || !navigator.clipboard) return;
    button.hidden = false;
    input.addEventListener("focus", () => input.select());
    button.addEventListener("click", () => this.copy(input, button.querySelector("span") ?? button));
  }

  async copy(input, label) {
    const before = (label.dataset.before ??= label.textContent);
    try {
      await navigator.clipboard.writeText(input.value);
      label.textContent = "Copied";
    } catch {
      input.select();
      label.textContent = "Press Ctrl+C";
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (label.textContent = before), 2000);
  }
}

customElements.define("copy-button", CopyButton);
