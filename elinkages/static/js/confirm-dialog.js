// <confirm-dialog><a class="button danger" href="…">Suspend</a></confirm-dialog>
// Shows the form of the linked page in a dialog. Without this, or when anything fails, the link leads there.
class ConfirmDialog extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || link.closest("dialog") || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.open(link.href).catch(() => location.assign(link.href));
    });
  }

  async open(url) {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const content = page.querySelector("main");
    const form = content?.querySelector("form[method=post]");
    if (!answer.ok || answer.redirected || !form) return location.assign(url);
    if (!form.getAttribute("action")) form.action = url;
    const dialog = document.createElement("dialog");
    dialog.append(this.head(content.querySelector("h1")?.textContent ?? ""));
    for (const part of content.querySelectorAll(".page-lead, :scope > :not(.crumbs, .page-head)")) {
      if (part.textContent.trim()) dialog.append(document.adoptNode(part));
    }
    dialog.setAttribute("closedby", "any");
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => this.leave(event, dialog));
    document.body.append(dialog);
    dialog.showModal();
  }

  head(title) {
    const head = document.createElement("header");
    const name = Object.assign(document.createElement("h2"), { textContent: title });
    const close = Object.assign(document.createElement("button"), { type: "button", className: "button quiet", textContent: "Close" });
    close.dataset.close = "";
    head.append(name, close);
    return head;
  }

  leave(event, dialog) {
    if (!event.target.closest("[data-close], [data-cancel]")) return;
    event.preventDefault();
    dialog.close();
  }
}

customElements.define("confirm-dialog", ConfirmDialog);
