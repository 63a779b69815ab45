// Passkeys: the only script of these pages. Without it, or without WebAuthn, everything else works.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const post = async (url, body) => {
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, credentials: "same-origin", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const described = (list) => (list || []).map((item) => ({ ...item, id: bytes(item.id) }));
  const packed = (credential) => {
    const { response } = credential;
    const out = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (response[name]) out[name] = text(response[name]);
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: out, clientExtensionResults: {} };
  };
  const create = async (button) => {
    const options = await post(button.dataset.options, { form_token: button.dataset.token });
    const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: described(options.excludeCredentials) };
    const credential = await navigator.credentials.create({ publicKey });
    return post(button.dataset.send, { form_token: button.dataset.token, name: navigator.platform || "passkey", credential: packed(credential) });
  };
  const use = async (button) => {
    const options = await post(button.dataset.options, { form_token: button.dataset.token });
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: described(options.allowCredentials) };
    const credential = await navigator.credentials.get({ publicKey });
    return post(button.dataset.send, { form_token: button.dataset.token, request: button.dataset.request, credential: packed(credential) });
  };
  const wire = (id, act) => {
    const button = document.getElementById(id);
    if (!button || !window.PublicKeyCredential || !navigator.credentials) return;
    button.hidden = false;
    document.getElementById("passkey-missing").hidden = true;
    button.addEventListener("click", async () => {
      const status = document.getElementById("passkey-status");
      status.textContent = "";
      try { location.assign((await act(button)).location); } catch { status.textContent = button.dataset.failed; }
    });
  };
  wire("passkey-register", create);
  wire("passkey-sign-in", use);
})();
