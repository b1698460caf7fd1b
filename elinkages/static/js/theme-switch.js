// The theme is a cookie, so that the server writes it into the page and nothing flashes.
const root = document.documentElement;

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    const chosen = root.dataset.theme ?? "";
    for (const radio of this.querySelectorAll("input")) radio.checked = radio.value === chosen;
    this.addEventListener("change", (event) => this.choose(event.target.value));
  }

  choose(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31536000 : 0}; samesite=lax${secure}`;
  }
}

customElements.define("theme-switch", ThemeSwitch);
