"""SD-JWT VC (draft-ietf-oauth-sd-jwt-vc on RFC 9901), issued and checked: `typ: dc+sd-jwt`, signed with ES256.

The library writes its own `typ` and drops what it cannot match; so the type is given, and the check counts: each
disclosure that comes along must be one that the issuer signed, and none may say what is never selectively disclosed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from data_hub.seals.errors import SealBroken
from data_hub.seals.keys import ALGORITHM, SealKeys

TYPE = "dc+sd-jwt"
ALWAYS_SHOWN = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "aka"})
LONGEST = 200_000


def issued(
    claims: Mapping[str, Any],
    keys: SealKeys,
    *,
    disclosable: Iterable[str],
    holder_key: Mapping[str, Any] | None,
) -> str:
    """The credential in compact form, ending with `~`. Names in `disclosable` become disclosures of their own.

    Raises ValueError where a claim is to be disclosable that a verifier must always see.
    """
    from sd_jwt.common import SDObj  # noqa: PLC0415 - heavy, and most processes never need it
    from sd_jwt.issuer import SDJWTIssuer  # noqa: PLC0415 - as above
    from sd_jwt.verifier import JWK  # noqa: PLC0415 - as above

    hidden = frozenset(disclosable)
    if hidden & ALWAYS_SHOWN:
        raise ValueError(f"never selectively disclosable: {sorted(hidden & ALWAYS_SHOWN)}")
    body = {SDObj(name) if name in hidden else name: value for name, value in claims.items()}
    issuer = SDJWTIssuer(
        body,
        JWK.from_json(json.dumps(keys.token_key.as_dict(private=True))),
        JWK.from_json(json.dumps(dict(holder_key))) if holder_key else None,
        sign_alg=ALGORITHM,
        extra_header_parameters={"typ": TYPE, "kid": keys.key_id, "x5c": keys.x5c},
    )
    return str(issuer.sd_jwt_issuance)


def checked(text: str, keys: SealKeys) -> dict[str, Any]:
    """The claims that a presentation shows. Raises SealBroken: `not-an-sd-jwt`, `changed`, `foreign-seal`.

    The key-binding JWT at the end is looked at by `data_hub.seals.binding`.
    """
    from sd_jwt.verifier import JWK, SDJWTVerifier  # noqa: PLC0415 - heavy, and most processes never need it

    public = {str(key["kid"]): key for key in keys.jwks()["keys"]}

    def key_of(_: str, header: Mapping[str, Any]) -> Any:
        if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
            raise SealBroken("not-an-sd-jwt")
        if header.get("kid") not in public:
            raise SealBroken("foreign-seal")
        return JWK.from_json(json.dumps(public[header["kid"]]))

    if len(text) > LONGEST or text.count("~") == 0:
        raise SealBroken("not-an-sd-jwt")
    try:
        verifier = SDJWTVerifier(text, key_of)
        claims: dict[str, Any] = verifier.get_verified_payload()
        signed = set(verifier._duplicate_hash_check)
        strangers = set(verifier._hash_to_disclosure) - signed
    except SealBroken:
        raise
    except Exception as reason:  # a hostile text may fail the parser in any way, and each of them says the same
        raise SealBroken("changed") from reason
    if strangers:
        raise SealBroken("changed")
    return claims
