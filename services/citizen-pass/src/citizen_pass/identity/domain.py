"""The rules of identity, without I/O: redirects, PKCE, scopes, names, passwords, throttling, assurance."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

CODE_LIFETIME = timedelta(seconds=60)
PUSHED_LIFETIME = timedelta(seconds=90)
INTERACTION_LIFETIME = timedelta(minutes=15)
ACCESS_TOKEN_SECONDS = 300
ID_TOKEN_SECONDS = 300
ASSERTION_SECONDS = 600

OPENID_SCOPES = frozenset({"openid", "profile", "offline_access"})
BASE_SCOPES = OPENID_SCOPES | {
    "gov-collab.hotline.submit",
    "city-ops.cases.report",
    "data-hub.licences.hold",
    "enterprise.firms.bind",
    "enterprise.requests.submit",
    "citizen-pass.messages.read",
    "citizen-pass.privacy.read",
    "citizen-pass.account.read",
}
OWN_SERVICE = "citizen-pass"
EVERY_SCOPE = "*"

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_CITY_SCOPE = re.compile(r"[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?(/[^#\\]*)?")
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
RESERVED_NAMES = frozenset(
    {"admin", "administrator", "root", "system", "city", "service", "support", "hengshui", "null"}
)
SAMPLE_PREFIX = "sample-"
MICRO_APP_PREFIX = "app-"


class ClientKind(StrEnum):
    """Whether a client program can keep a secret (RFC 6749 §2.1)."""

    public = "public"
    confidential = "confidential"


class ClientAuth(StrEnum):
    """How a client proves who it is at the token endpoint."""

    none = "none"
    secret = "client_secret"  # noqa: S105 - the name of a method: client_secret_basic or client_secret_post, whichever the client sends
    private_key_jwt = "private_key_jwt"


# ---- redirects ------------------------------------------------------------------------------------------------------


def redirect_matches(registered: str, given: str) -> bool:
    """Whether `given` is the registered redirect URI: byte for byte, save the port of a loopback address.

    RFC 6749 §3.1.2.3 and RFC 9700 §4.1.3 want exact comparison; RFC 8252 §7.3 lets a native program choose its port
    on 127.0.0.1 or [::1] (not on `localhost`, which a resolver may send elsewhere).
    """
    if registered == given:
        return True
    wanted, got = _LOOPBACK.fullmatch(registered), _LOOPBACK.fullmatch(given)
    return bool(wanted and got and _VISIBLE.fullmatch(given) and wanted.groups() == got.groups())


def redirect_is_registrable(uri: str, *, own_host: str = "") -> bool:
    """Whether a client may register `uri`: https, http on loopback (or our own host), or a private scheme with a dot.

    No fragment, no user information, no wildcard, visible ASCII only (RFC 6749 §3.1.2, RFC 8252 §7.1, RFC 9700).
    """
    if len(uri) > 2000 or not _VISIBLE.fullmatch(uri) or "#" in uri or "*" in uri or "\\" in uri:
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in {"127.0.0.1", "::1", "localhost"} or (bool(own_host) and host == own_host)
    return "." in parts.scheme and bool(parts.path or parts.netloc)


def origin_of(uri: str) -> str:
    """The origin, or the scheme of a private-use URI, in the form that a CSP source takes."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


# ---- PKCE and hashes ------------------------------------------------------------------------------------------------


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636 §4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def is_verifier(text: str) -> bool:
    """Whether `text` has the form of a code verifier: 43 to 128 unreserved characters."""
    return bool(_VERIFIER.fullmatch(text))


def is_challenge(text: str) -> bool:
    """Whether `text` has the form of an S256 challenge: 43 base64url characters."""
    return bool(_CHALLENGE.fullmatch(text))


def at_hash(token: str, algorithm: str = "Ed25519") -> str:
    """`at_hash` of an access token (OpenID Connect Core §3.1.3.6): left half of the hash of the id token's algorithm.

    Ed25519 hashes with SHA-512 (RFC 8032), the 256-bit algorithms with SHA-256.
    """
    name = "sha512" if algorithm in {"Ed25519", "EdDSA"} else f"sha{algorithm[-3:]}"
    digest = hashlib.new(name, token.encode("ascii")).digest()
    return _base64url(digest[: len(digest) // 2])


def digest(secret: str) -> bytes:
    """SHA-256 of a random secret of 256 bits: what the database keeps of codes, handles and tokens."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


# ---- scopes ---------------------------------------------------------------------------------------------------------


def parse_scope(text: str) -> tuple[str, ...]:
    """The scopes of a `scope` parameter, in order, each once. Raises ValueError where RFC 6749 §3.3 is not kept."""
    scopes = tuple(dict.fromkeys(text.split(" "))) if text else ()
    if any(not _SCOPE.fullmatch(scope) for scope in scopes):
        raise ValueError("a scope holds a character that RFC 6749 does not allow")
    return scopes


def is_city_scope(scope: str) -> bool:
    """Whether `scope` has the form `<service>.<slice>.<verb>`."""
    return bool(_CITY_SCOPE.fullmatch(scope))


def client_may_ask(allowed: Iterable[str], scope: str) -> bool:
    """Whether a client whose registration lists `allowed` may ask for `scope`; `*` stands for every city scope.

    The star itself is never asked for, so no token carries it.
    """
    listed = frozenset(allowed)
    if scope == EVERY_SCOPE:
        return False
    return scope in listed or (EVERY_SCOPE in listed and (scope in OPENID_SCOPES or is_city_scope(scope)))


def granted_scopes(asked: Iterable[str], allowed: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """What a person's token carries: asked for, allowed to the client, and held by the person; never anything else."""
    listed, owned = frozenset(allowed), frozenset(held)
    return tuple(scope for scope in asked if scope in owned and client_may_ask(listed, scope))


def audience(scopes: Iterable[str]) -> list[str]:
    """The services that a token with `scopes` is for; the provider itself where it can only be asked for userinfo."""
    services = {scope.split(".", 1)[0] for scope in scopes if is_city_scope(scope)}
    if "openid" in scopes or not services:
        services.add(OWN_SERVICE)
    return sorted(services)


# ---- names and passwords --------------------------------------------------------------------------------------------


def username_of(text: str) -> str:
    """The canonical form of a user name: compatibility-normalised, lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def username_fault(username: str, *, production: bool) -> str | None:
    """Why `username` cannot be registered, as a code, or None.

    A name begins with a letter and holds letters, digits, dot, dash or underline: so it cannot be a telephone number,
    an e-mail address or an identity number, and knowing that a name is taken says nothing about a person.
    """
    if not _USERNAME.fullmatch(username):
        return "username-form"
    if username in RESERVED_NAMES or (production and username.startswith(SAMPLE_PREFIX)):
        return "username-reserved"
    return None


COMMON_PASSWORDS = frozenset(
    {
        "1234567890", "0123456789", "123456789a", "1q2w3e4r5t", "qwertyuiop", "password123", "password12",
        "passw0rd123", "woaini1314", "woaini520", "woaini1314520", "5201314520", "abcd123456", "abc1234567",
        "qwerty123456", "aa123456789", "a1234567890", "1111111111", "0000000000", "8888888888", "6666666666",
        "iloveyou123", "admin123456", "qq123456789", "1qaz2wsx3edc", "zxcvbnm123", "asdfghjkl1", "asdfghjkl;",
        "hengshui123", "hengshui2026", "changeme123", "letmein123",
    }
)  # fmt: skip


def password_fault(password: str, username: str) -> str | None:
    """Why `password` is refused, as a code, or None (NIST SP 800-63B: length and a block list)."""
    if len(password) < 10:
        return "password-short"
    if len(password) > 128:
        return "password-long"
    folded = password.casefold()
    if folded in COMMON_PASSWORDS or len(set(folded)) < 4 or (len(username) > 3 and username in folded):
        return "password-common"
    return None


# ---- throttling -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ThrottleRule:
    """How many failures are free, how long the next try then waits (doubling), and when all is forgotten."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta
    forget_after: timedelta

    def blocked_until(self, failures: int, at: datetime) -> datetime | None:
        """Until when tries are refused once `failures` have happened, the last one `at`; None while they are free."""
        over = failures - self.free
        if over < 0:
            return None
        factor: int = 2 ** min(over, 20)
        return at + min(self.first_wait * factor, self.longest_wait)

    def counts(self, last_failure: datetime | None, now: datetime) -> bool:
        """Whether earlier failures still count."""
        return last_failure is not None and now - last_failure < self.forget_after


PER_ACCOUNT = ThrottleRule(5, timedelta(seconds=15), timedelta(minutes=15), timedelta(hours=24))
PER_ADDRESS = ThrottleRule(40, timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=1))


# ---- assurance and appointments -------------------------------------------------------------------------------------


def assurance(*, verified: bool, amr: Iterable[str]) -> int:
    """1 registered, 2 real name verified, 3 real name verified and signed in with a passkey."""
    if not verified:
        return 1
    return 3 if "pop" in frozenset(amr) else 2


def acr(level: int) -> str:
    """The `acr` value of an assurance level."""
    return f"l{level}"


def level_of(acr_value: str) -> int | None:
    """The assurance level of an `acr` value; None for one that we do not know."""
    return {"l1": 1, "l2": 2, "l3": 3}.get(acr_value)


@dataclass(frozen=True)
class Appointment:
    """A post that a person holds in a department 任职, as gov-collab told us."""

    department_code: str
    post_code: str
    scopes: frozenset[str]
    valid_from: datetime
    valid_to: datetime | None = None
    ended_at: datetime | None = None
    department_name: str | None = None
    post_name: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether the appointment is in force at `now` (half-open interval)."""
        ends = [end for end in (self.valid_to, self.ended_at) if end is not None]
        return self.valid_from <= now and all(now < end for end in ends)


@dataclass(frozen=True)
class Office:
    """In what office a token's bearer acts: one department, so that one department's rights never serve another."""

    department_code: str | None
    post_code: str | None
    scopes: frozenset[str]
    department_name: str | None = None
    post_name: str | None = None


NO_OFFICE = Office(None, None, frozenset())


def office_at(appointments: Iterable[Appointment], now: datetime) -> Office:
    """The office that the newest appointment in force gives, with the scopes of every post in that department."""
    active = sorted((a for a in appointments if a.holds(now)), key=lambda a: a.valid_from, reverse=True)
    if not active:
        return NO_OFFICE
    newest = active[0]
    scopes = frozenset[str]().union(*(a.scopes for a in active if a.department_code == newest.department_code))
    return Office(newest.department_code, newest.post_code, scopes, newest.department_name, newest.post_name)
