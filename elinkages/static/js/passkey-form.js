// <passkey-form data-options="id of a JSON script" | data-from="address that gives it" [data-new]><form>…<input name="credential" type="hidden">…</form></passkey-form>
// Sending the form asks the device first. In a browser without passkeys it says so, or stays away where there is another way.
const WORDS = {
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError: "Passkeys work only at our own address, over a secure connection.",
  NotAllowedError: "Your device did not confirm. Try again, or choose another way.",
};

class PasskeyForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[name=credential]");
    if (!this.form || !this.input) return;
    const isAble = Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON);
    this.hidden = !isAble && this.dataset.from !== undefined;
    if (!isAble) return this.say("This browser does not support passkeys. Choose another way.");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask().catch((problem) => this.say(WORDS[problem.name] ?? "That did not work. Try again in a minute, or choose another way."));
    });
  }

  async ask() {
    this.say("");
    const { publicKey } = await this.options();
    const credential = await ("new" in this.dataset ? this.make(publicKey) : this.use(publicKey));
    this.input.value = JSON.stringify(credential);
    this.form.submit();
  }

  async options() {
    if (!this.dataset.from) return JSON.parse(document.getElementById(this.dataset.options).textContent);
    const answer = await fetch(this.dataset.from, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).request_options;
  }

  make(options) {
    const authenticatorSelection = { ...options.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON({ ...options, authenticatorSelection }) });
  }

  use(options) {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  }

  say(sentence) {
    this.line ??= this.form.appendChild(Object.assign(document.createElement("p"), { className: "problem", role: "alert" }));
    this.line.textContent = sentence;
    this.line.hidden = !sentence;
  }
}

customElements.define("passkey-form", PasskeyForm);
