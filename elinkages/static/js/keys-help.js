// <keys-help hidden><button>Keyboard</button><template><dialog>…</dialog></template></keys-help>: tells the keys; so does "?".
import { typing } from "elinkages/page-keys";

class KeysHelp extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.querySelector("button").addEventListener("click", () => this.show(), { signal });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || typing(event.target) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      this.show();
    }, { signal });
  }

  disconnectedCallback() {
    this.stop?.abort();
  }

  show() {
    const dialog = this.querySelector("template").content.cloneNode(true).firstElementChild;
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
}

customElements.define("keys-help", KeysHelp);
