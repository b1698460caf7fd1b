// Confirmations leave by themselves, not while they are read; warnings and errors wait to be closed.
const STAY = 7000;

class ToastList extends HTMLElement {
  connectedCallback() {
    for (const toast of this.querySelectorAll(".toast")) this.prepare(toast);
    this.watch = new MutationObserver((changes) => {
      for (const change of changes) for (const node of change.addedNodes) if (node.matches?.(".toast")) this.prepare(node);
    });
    this.watch.observe(this, { childList: true });
  }

  disconnectedCallback() {
    this.watch?.disconnect();
  }

  prepare(toast) {
    const close = toast.querySelector(".toast-close");
    if (close) {
      close.hidden = false;
      close.addEventListener("click", () => this.leave(toast));
    }
    if (!toast.matches(".success, .info")) return;
    const wait = () => (toast.timer = setTimeout(() => this.leave(toast), STAY));
    const hold = () => clearTimeout(toast.timer);
    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("pointerleave", wait);
    toast.addEventListener("focusout", wait);
    wait();
  }

  leave(toast) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), still ? 0 : 200);
  }
}

customElements.define("toast-list", ToastList);
