// Plays openid-client (certified by the OpenID Foundation) against the city's provider. Every check that the library
// makes by itself (issuer, `iss` in the answer, state, nonce, at_hash, signatures, algorithms) must pass.
// Usage: node client.mjs <issuer> <username> <password> <confidential client> <its secret> <private_key_jwt client> <its key as JWK>
import assert from "node:assert/strict";
import * as client from "openid-client";

const [issuer, username, password, confidential, secret, keyClient, keyJwk] = process.argv.slice(2);
const redirectUri = "http://127.0.0.1:51234/callback";
const insecure = { execute: [client.allowInsecureRequests] }; // a local city speaks http on loopback
const server = new URL(issuer);
const cookies = new Map();

async function browse(url, form) {
  // A browser as small as can be: cookies, redirects by hand, forms.
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const answer = await fetch(url, {
    method: form ? "POST" : "GET",
    redirect: "manual",
    headers: { cookie, "accept-language": "en", ...(form && { "content-type": "application/x-www-form-urlencoded" }) },
    body: form && new URLSearchParams(form).toString(),
  });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    cookies.set(name, value);
  }
  return answer;
}

async function throughThePages(start) {
  let answer = await browse(start);
  for (let step = 0; step < 10; step += 1) {
    const location = answer.headers.get("location");
    if (location) {
      const next = new URL(location, answer.url);
      if (next.href.startsWith(redirectUri)) return next;
      answer = await browse(next);
      continue;
    }
    const page = await answer.text();
    const form = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(page);
    assert(form, `no form on the page: ${answer.status}`);
    const hidden = Object.fromEntries([...form[2].matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    answer = await browse(new URL(form[1], answer.url), { ...hidden, username, password, decision: "allow" });
  }
  throw new Error("the sign-in does not come to an end");
}

async function login(config, { pushed = false, ...more } = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const parameters = {
    redirect_uri: redirectUri, scope: "openid profile offline_access", state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256", ...more,
  };
  const url = pushed
    ? await client.buildAuthorizationUrlWithPAR(config, parameters)
    : client.buildAuthorizationUrl(config, parameters);
  const answer = await throughThePages(url);
  return { answer, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

const step = (name) => process.stdout.write(`ok ${name}\n`);
const refused = (promise, error) => assert.rejects(promise, (fault) => (assert.equal(fault.error, error), true));

const config = await client.discovery(server, "city-cli", undefined, client.None(), insecure);
assert.equal(config.serverMetadata().issuer, issuer);
assert.equal(config.serverMetadata().supportsPKCE(), true);
step("discovery");

client.enableNonRepudiationChecks(config); // verify id token signatures by the published keys as well
const first = await login(config, { max_age: "3600" });
const tokens = await client.authorizationCodeGrant(config, first.answer, { ...first.checks, maxAge: 3600 });
const claims = tokens.claims();
assert.match(claims.sub, /^[0-9a-f-]{36}$/);
assert.equal(claims.acr, "l2");
step("authorization code with PKCE, nonce, max_age, iss");

const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
assert.equal(info.preferred_username, username);
step("userinfo");

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
step("refresh with rotation");
await refused(client.refreshTokenGrant(config, tokens.refresh_token), "invalid_grant");
await refused(client.refreshTokenGrant(config, refreshed.refresh_token), "invalid_grant");
step("reuse ends the family");

const second = await login(config, { pushed: true });
const again = await client.authorizationCodeGrant(config, second.answer, second.checks);
step("pushed authorization request");
await refused(client.authorizationCodeGrant(config, second.answer, second.checks), "invalid_grant");
step("a code serves once");
await assert.rejects(client.fetchUserInfo(config, again.access_token, again.claims().sub));
step("and its second use revokes what the first gave");

const third = await login(config);
const last = await client.authorizationCodeGrant(config, third.answer, third.checks);
await client.tokenRevocation(config, last.refresh_token);
await refused(client.refreshTokenGrant(config, last.refresh_token), "invalid_grant");
step("revocation");

const silent = await login(config, { prompt: "none" });
await client.authorizationCodeGrant(config, silent.answer, silent.checks);
step("prompt=none with a session");

const beyond = await login(config, { scope: "openid no.such.scope" });
await assert.rejects(client.authorizationCodeGrant(config, beyond.answer, beyond.checks), (fault) => fault.error === "invalid_scope");
step("an unknown scope is refused, never dropped");

for (const [name, auth] of [["basic", client.ClientSecretBasic(secret)], ["post", client.ClientSecretPost(secret)]]) {
  const program = await client.discovery(server, confidential, undefined, auth, insecure);
  const own = await client.clientCredentialsGrant(program);
  const seen = await client.tokenIntrospection(program, own.access_token);
  assert.equal(seen.active, true);
  await client.tokenRevocation(program, own.access_token);
  assert.equal((await client.tokenIntrospection(program, own.access_token)).active, false);
  step(`client credentials, introspection, revocation by client_secret_${name}`);
}

if (keyClient) {
  const jwk = JSON.parse(keyJwk);
  const algorithm = jwk.kty === "OKP" ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  const signer = await client.discovery(server, keyClient, undefined, client.PrivateKeyJwt({ key, kid: jwk.kid }), insecure);
  await client.clientCredentialsGrant(signer);
  await client.clientCredentialsGrant(signer);
  step("private_key_jwt");
}

const leaving = client.buildEndSessionUrl(config, { post_logout_redirect_uri: redirectUri, id_token_hint: last.id_token, state: "bye" });
const confirm = await (await browse(leaving)).text();
const fields = Object.fromEntries([...confirm.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
const out = await browse(new URL("/api/citizen-pass/pages/sign-out", server), { ...fields, decision: "sign-out" });
assert.equal(out.headers.get("location"), `${redirectUri}?state=bye`);
const after = await login(config, { prompt: "none" }).catch((fault) => fault);
assert.equal(after.answer.searchParams.get("error"), "login_required");
step("logout confirmed by the person");
