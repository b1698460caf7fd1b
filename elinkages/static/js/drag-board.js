// <drag-board><section data-stage="won">…<li><form><button value="won">…: dropping a card presses the button that
// its form has for the column's stage. Cards without a form stay; phones and keyboards use the buttons.
class DragBoard extends HTMLElement {
  connectedCallback() {
    for (const form of this.querySelectorAll("li form")) form.closest("li").draggable = true;
    for (const link of this.querySelectorAll("li a")) link.draggable = false;
    this.addEventListener("dragstart", (event) => this.lift(event));
    this.addEventListener("dragend", () => this.aim(null));
    this.addEventListener("dragover", (event) => {
      const column = this.target(event);
      this.aim(column);
      if (column) event.preventDefault();
    });
    this.addEventListener("drop", (event) => {
      const column = this.target(event);
      if (!column) return;
      event.preventDefault();
      this.button(column).click();
    });
  }

  lift(event) {
    this.card = event.target.closest("li[draggable]");
    event.dataTransfer.effectAllowed = "move";
  }

  button(column) {
    return this.card?.querySelector(`button[value="${column.dataset.stage}"]`);
  }

  target(event) {
    const column = event.target.closest("[data-stage]");
    return column && this.button(column) ? column : null;
  }

  aim(column) {
    for (const each of this.querySelectorAll("[data-stage]")) each.toggleAttribute("data-aim", each === column);
  }
}

customElements.define("drag-board", DragBoard);
