"use strict";

// Signs people in for the app in the frame: authorization code with PKCE (RFC 7636, RFC 9700). The app's page has no
// origin and can keep nothing while its user is away; this page, the city's own, can. The app asks with the message
// "sign-in" and is told {city: "token", access_token, scope, expires_at} or {city: "refused", error}. It sees neither
// the code nor the verifier, and the token lies in the memory of both pages alone.
(() => {
  const frame = document.querySelector("iframe");
  const { client, scopes, page, back, issuer } = frame.dataset;
  const PLACE = `city-sign-in ${client}`;
  const SPARE_MS = 15000;

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

  async function begin() {
    const kept = { state: random(), verifier: random() };
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(kept.verifier));
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
    const asked = new URLSearchParams({
      response_type: "code", client_id: client, redirect_uri: back, scope: scopes, state: kept.state,
      code_challenge: base64url(digest), code_challenge_method: "S256",
    });
    location.assign(`${issuer}/authorize?${asked}`);
  }

  // What a sign-in brought from which somebody has just come back; null where this page did not send her there.
  async function finish(answer) {
    const kept = JSON.parse(sessionStorage.getItem(PLACE));
    sessionStorage.removeItem(PLACE);
    history.replaceState(null, "", location.pathname);
    if (kept === null || kept.state !== answer.get("state") || answer.get("iss") !== issuer) return null;
    if (!answer.has("code")) return { city: "refused", error: answer.get("error") };
    const sent = await fetch(`${issuer}/token`, {
      method: "POST",
      credentials: "omit",
      body: new URLSearchParams({
        grant_type: "authorization_code", client_id: client, redirect_uri: back, code: answer.get("code"),
        code_verifier: kept.verifier,
      }),
    });
    const told = await sent.json();
    if (!sent.ok) return { city: "refused", error: told.error };
    const { access_token, scope, expires_in } = told;
    return { city: "token", access_token, scope, expires_at: Date.now() + expires_in * 1000 };
  }

  // An app without an origin can only be told "*"; the policy of this page lets nothing into the frame but the app.
  const tell = (told) => frame.contentWindow.postMessage(told, "*");

  let outcome = location.search ? finish(new URLSearchParams(location.search)) : Promise.resolve(null);
  let begun = false;

  async function answer() {
    const found = await outcome.catch(() => ({ city: "refused", error: "temporarily_unavailable" }));
    if (found?.city === "token" && found.expires_at > Date.now() + SPARE_MS) return tell(found);
    outcome = Promise.resolve(null); // a refusal is told once: who asks again sends her to sign in again
    if (found?.city === "refused") return tell(found);
    if (!begun) {
      begun = true;
      begin().catch(() => tell({ city: "refused", error: "temporarily_unavailable" }));
    }
  }

  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.data === "sign-in") answer();
  });
  if (location.origin + location.pathname === back) frame.src = page;
  else location.replace(back);
})();
