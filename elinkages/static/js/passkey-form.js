// <passkey-form data-options="id of a JSON script" | data-from="address that gives it" [data-new]><form>…<input name="credential" type="hidden">…</form></passkey-form>
// Sending the form asks the device first. Without passkeys in this browser, the element says so or stays away.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

class PasskeyForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.input = this.querySelector("input[name=credential]");
    if (!this.form || !this.input) return;
    this.hidden = false;
    if (!globalThis.PublicKeyCredential) {
      this.hidden = this.dataset.from !== undefined;
      return this.say("This browser has no passkeys. Use another way.");
    }
    this.form.addEventListener("submit", (event) => {
      if (this.input.value && this.input.value !== "null") return;
      event.preventDefault();
      this.ask().catch((problem) => this.say(this.words(problem)));
    });
  }

  async ask() {
    this.say("");
    const { publicKey } = await this.options();
    publicKey.challenge = bytes(publicKey.challenge);
    const credential = await ("new" in this.dataset ? this.make(publicKey) : this.use(publicKey));
    this.input.value = JSON.stringify(credential);
    this.form.submit();
  }

  async options() {
    if (!this.dataset.from) return JSON.parse(document.getElementById(this.dataset.options).textContent);
    const answer = await fetch(this.dataset.from, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("busy");
    return (await answer.json()).request_options;
  }

  async make(publicKey) {
    publicKey.user.id = bytes(publicKey.user.id);
    publicKey.excludeCredentials = keys(publicKey.excludeCredentials);
    publicKey.authenticatorSelection = { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" };
    const made = await navigator.credentials.create({ publicKey });
    return this.plain(made, { attestationObject: text(made.response.attestationObject), transports: made.response.getTransports?.() ?? [] });
  }

  async use(publicKey) {
    publicKey.allowCredentials = keys(publicKey.allowCredentials);
    const used = await navigator.credentials.get({ publicKey });
    const { authenticatorData, signature, userHandle } = used.response;
    return this.plain(used, { authenticatorData: text(authenticatorData), signature: text(signature), userHandle: userHandle ? text(userHandle) : null });
  }

  plain(credential, response) {
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
    };
  }

  words(problem) {
    if (problem.name === "InvalidStateError") return "This device has a passkey for your account already.";
    if (problem.name === "SecurityError") return "Passkeys work at the address of Elinkages only, and over a safe connection.";
    if (problem.name === "NotAllowedError") return "Your device did not confirm. Try again, or use another way.";
    return "That did not work. Try again in a minute, or use another way.";
  }

  say(sentence) {
    this.line ??= this.form.appendChild(Object.assign(document.createElement("p"), { className: "problem", role: "alert" }));
    this.line.textContent = sentence;
    this.line.hidden = !sentence;
  }
}

customElements.define("passkey-form", PasskeyForm);
