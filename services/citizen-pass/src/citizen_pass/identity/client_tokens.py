"""The token that programs ask for most: their own, by their secret. One read, no transaction, the same rules.

Whatever is not that plain case (another grant, another proof, a scope to look up, a refusal) goes the general way,
which then says what is wrong.
"""

import hmac
from typing import Any

from starlette.requests import Request

from citizen_pass.identity import domain
from citizen_pass.identity.errors import OAuthError
from citizen_pass.identity.grants import token_response
from citizen_pass.identity.keys import opened
from citizen_pass.identity.oauth import ParameterError, basic_credentials, form_parameters
from citizen_pass.identity.tokens import claims_of_client, name_of_client, signed
from citykit.runtime import Runtime

CLIENT_AND_KEY = """
select c.secret_hash, c.scopes, c.name_zh, c.name_en, c.owner, k.kid, k.private_sealed from client c, signing_key k
where c.client_id = %s and c.suspended_at is null and c.kind = 'confidential' and c.auth = 'client_secret'
  and c.grant_types ? 'client_credentials' and k.state = 'current'
"""


async def own_token(request: Request) -> dict[str, Any] | None:
    """The token response for a confidential client that shows its secret by HTTP Basic; None for the general way."""
    runtime: Runtime = request.app.state.city
    vault, issuer = runtime.vault, str(request.app.state.city.settings.issuer)
    try:
        form, basic = await form_parameters(request), basic_credentials(request)
    except (OAuthError, ParameterError):
        return None
    if basic is None or form.get("grant_type") != "client_credentials" or form.keys() - {"grant_type", "scope"}:
        return None
    row = await (await runtime.reads.execute(CLIENT_AND_KEY, (basic[0],))).fetchone()
    if row is None:
        return None
    secret_hash, scopes, zh, en, owner, kid, sealed = row
    if not hmac.compare_digest(vault.index("client-secret", basic[1]), bytes(secret_hash or b"\x00" * 32)):
        return None
    asked = tuple(form["scope"].split(" ")) if "scope" in form else tuple(scopes)
    if len(set(asked)) < len(asked) or not set(asked) <= set(scopes) - domain.OPENID_SCOPES:
        return None
    claims = claims_of_client(basic[0], asked, name_of_client(zh, en), owner)
    token = signed(kid, opened(vault, kid, bytes(sealed)), "at+jwt", issuer, claims, domain.ACCESS_TOKEN_SECONDS)
    return token_response(token, asked)
