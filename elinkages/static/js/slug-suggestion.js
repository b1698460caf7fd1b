// <slug-suggestion data-from="id_name"><input></slug-suggestion>
// Fills the address from the name while it is typed, until a person writes an address. Without this the server does it.
class SlugSuggestion extends HTMLElement {
  connectedCallback() {
    const name = document.getElementById(this.dataset.from);
    const slug = this.querySelector("input");
    if (!name || !slug || slug.value) return;
    const suggest = () => { slug.value = this.slug(name.value); };
    name.addEventListener("input", suggest);
    slug.addEventListener("input", () => name.removeEventListener("input", suggest), { once: true });
  }

  slug(text) {
    const plain = text.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
    return plain.replace(/[^a-z0-9]+/g, "-").slice(0, 36).replace(/^-+|-+$/g, "");
  }
}

customElements.define("slug-suggestion", SlugSuggestion);
