"""The OpenID Connect provider's endpoints. Discovery describes them; they follow OAuth's rules, not our JSON ones."""

from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from citizen_pass.identity import domain, repository
from citizen_pass.identity.authorization import REQUEST_URI, Requests, as_oauth_error
from citizen_pass.identity.client_auth import ASSERTION_ALGORITHMS, ClientAuthentication
from citizen_pass.identity.client_tokens import own_token
from citizen_pass.identity.errors import OAuthError, PageError, RedirectError
from citizen_pass.identity.flow import OIDC, page_answers, proceed
from citizen_pass.identity.grants import GRANTS, Grants
from citizen_pass.identity.keys import ALGORITHM, SigningKeys
from citizen_pass.identity.models import ClientRow
from citizen_pass.identity.oauth import (
    ParameterError,
    answer_error,
    answer_json,
    bearer_token,
    form_parameters,
    oauth_answers,
    query_parameters,
    redirect,
)
from citizen_pass.identity.scopes import WORDS
from citizen_pass.identity.sessions import BrowserInRequest
from citizen_pass.identity.tokens import Tokens
from citizen_pass.settings import Settings
from citykit.access import anyone
from citykit.routing import QuickRoute
from citykit.work import Work, WorkInRequest

router = APIRouter(
    prefix=OIDC, dependencies=[Depends(anyone)], include_in_schema=False, redirect_slashes=False, route_class=QuickRoute
)

_CLIENT_AUTH = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]


def metadata(settings: Settings) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2)."""
    issuer = settings.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "end_session_endpoint": f"{issuer}/logout",
        "jwks_uri": f"{issuer}/jwks",
        "service_documentation": f"{settings.public_url.rstrip('/')}/api/citizen-pass/docs",
        "scopes_supported": sorted(WORDS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": _CLIENT_AUTH,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": _CLIENT_AUTH[1:],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": _CLIENT_AUTH,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [domain.acr(level) for level in (1, 2, 3)],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "name",
            "preferred_username", "updated_at", "locale",
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["zh-CN", "en"],
    }  # fmt: skip


@router.get("/.well-known/openid-configuration")
async def discovery(work: WorkInRequest) -> JSONResponse:
    """The provider's metadata."""
    return JSONResponse(metadata(work.settings), headers={"Cache-Control": "public, max-age=300"})


@router.get("/jwks")
async def jwks(work: WorkInRequest) -> JSONResponse:
    """The public keys: the current one, the next one, and retired ones while their tokens may live."""
    document = await SigningKeys(work).key_set()
    headers = {"Cache-Control": "public, max-age=300"}
    return JSONResponse(document, headers=headers, media_type="application/jwk-set+json")


# ---- the browser's way ----------------------------------------------------------------------------------------------


async def _begin(work: Work, parameters: dict[str, str]) -> tuple[Requests, str]:
    """Check an authorization request and keep it; the answer is its handle."""
    requests = Requests(work)
    client = await requests.client(parameters)
    if "request_uri" in parameters:
        if not parameters["request_uri"].startswith(REQUEST_URI):
            raise RedirectError(
                requests.redirect_uri(client, parameters), "request_uri_not_supported",
                "only pushed requests are supported", parameters.get("state"),
            )  # fmt: skip
        parameters = await requests.take_pushed(client, parameters["request_uri"])
    elif client.require_pushed:
        uri = requests.redirect_uri(client, parameters)
        raise RedirectError(
            uri, "invalid_request", "this client must push its requests (RFC 9126)", parameters.get("state")
        )
    asked = await requests.check(client, parameters)
    return requests, await requests.keep(asked, pushed=False, lifetime=domain.INTERACTION_LIFETIME)


@router.get("/authorize")
@page_answers
async def authorize(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """The authorization endpoint. Only a registered client's registered address is ever answered."""
    _, handle = await _begin(work, await _parameters(work, query_parameters, request))
    return await proceed(work, browser, handle)


@router.post("/authorize")
@page_answers
async def authorize_by_post(request: Request, work: WorkInRequest) -> Response:
    """The same by POST; it goes on by GET, because a browser keeps its cookie back from another site's form."""
    _, handle = await _begin(work, await _parameters(work, form_parameters, request))
    return redirect(f"{OIDC}/authorize/resumption", {"request": handle})


@router.get("/authorize/resumption")
@page_answers
async def resume(request: Request, browser: BrowserInRequest, work: WorkInRequest) -> Response:
    """Go on with a kept request, after a sign-in."""
    return await proceed(work, browser, query_parameters(request).get("request", ""))


async def _parameters(work: Work, read: Any, request: Request) -> dict[str, str]:
    """The parameters; a doubled one is told to the client where client and address are beyond doubt."""
    try:
        found = read(request)
        parameters: dict[str, str] = await found if hasattr(found, "__await__") else found
    except ParameterError as error:
        requests = Requests(work)
        client = await requests.client(error.parameters)
        uri = requests.redirect_uri(client, error.parameters)
        raise RedirectError(uri, "invalid_request", str(error), error.parameters.get("state")) from error
    return parameters


# ---- the client's way -----------------------------------------------------------------------------------------------


async def _client(work: Work, request: Request, endpoint: str) -> tuple[ClientRow, dict[str, str]]:
    form = await form_parameters(request)
    authentication = ClientAuthentication(work, f"{work.settings.issuer}/{endpoint}")
    return await authentication(request, form), form


@router.post("/par")
@oauth_answers
async def push(request: Request, work: WorkInRequest) -> Response:
    """Take an authorization request directly from a client (RFC 9126)."""
    client, form = await _client(work, request, "par")
    if "request_uri" in form:
        raise OAuthError("invalid_request", "request_uri cannot be pushed")
    requests = Requests(work)
    try:
        asked = await requests.check(client, form)
    except (PageError, RedirectError) as refused:
        raise as_oauth_error(refused) from refused
    handle = await requests.keep(asked, pushed=True, lifetime=domain.PUSHED_LIFETIME)
    seconds = int(domain.PUSHED_LIFETIME.total_seconds())
    return answer_json({"request_uri": f"{REQUEST_URI}{handle}", "expires_in": seconds}, 201)


@router.post("/token")
async def token(request: Request) -> Response:
    """The token endpoint. It opens a transaction only where more is asked than a program's own token."""
    own = await own_token(request)
    if own is not None:
        return answer_json(own)
    async with request.app.state.city.open_work() as work:
        return await _by_any_grant(request, work)


@oauth_answers
async def _by_any_grant(request: Request, work: Work) -> Response:
    client, form = await _client(work, request, "token")
    return answer_json(await Grants(work).token(client, form))


@router.post("/introspect")
@oauth_answers
async def introspect(request: Request, work: WorkInRequest) -> Response:
    """The state of a token (RFC 7662)."""
    client, form = await _client(work, request, "introspect")
    if "token" not in form:
        raise OAuthError("invalid_request", "token is missing")
    return answer_json(await Grants(work).introspect(client, form["token"]))


@router.post("/revoke")
@oauth_answers
async def revoke(request: Request, work: WorkInRequest) -> Response:
    """End a token (RFC 7009). An unknown one is as good as ended."""
    client, form = await _client(work, request, "revoke")
    if "token" not in form:
        raise OAuthError("invalid_request", "token is missing")
    await Grants(work).revoke(client, form["token"])
    return Response(status_code=200, headers={"Cache-Control": "no-store"})


@router.api_route("/userinfo", methods=["GET", "POST"])
async def userinfo(request: Request, work: WorkInRequest) -> Response:
    """Claims about the person behind an access token with scope `openid` (OpenID Connect Core §5.3)."""
    text = bearer_token(request)
    if text is None and request.method == "POST":
        try:
            text = (await form_parameters(request)).get("access_token")
        except ParameterError:
            text = None
    if text is None:
        response = answer_error(OAuthError("invalid_request", "no token", status=401))
        response.headers["WWW-Authenticate"] = 'Bearer realm="citizen-pass"'
        return response
    claims = await Tokens(work).read_access(text)
    if claims is None or claims["kind"] != "person" or domain.OWN_SERVICE not in claims["aud"]:
        return answer_error(OAuthError("invalid_token", "the token is not valid here", status=401, challenge="Bearer"))
    granted = claims["scope"].split()
    if "openid" not in granted:
        return answer_error(OAuthError("insufficient_scope", "openid is missing", status=403, challenge="Bearer"))
    return answer_json(await _about(work, claims, granted))


async def _about(work: Work, claims: dict[str, Any], granted: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": claims["sub"]}
    account = await repository.account_of_subject(work.session, claims["sub"])
    if "profile" in granted and account is not None:
        found |= {
            "name": account.display_name,
            "preferred_username": account.username,
            "locale": "en" if account.language == "en" else "zh-CN",
            "updated_at": int((account.verified_at or account.created_at).timestamp()),
        }
    return found
