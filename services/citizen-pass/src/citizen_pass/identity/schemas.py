"""What the JSON interface of identity takes and gives."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from citykit.identifiers import gb11643
from citykit.wire import Instant, Query, ShortText, Wire

Language = Literal["zh", "en"]
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or ".." in value:
        raise ValueError("not an e-mail address")
    return value


def _id_number(value: str) -> str:
    if not gb11643.valid(value.upper()):
        raise ValueError("not a valid identity number (GB 11643)")
    return value.upper()


Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^1[3-9][0-9]{9}$")]
IdNumber = Annotated[str, StringConstraints(min_length=18, max_length=18), AfterValidator(_id_number)]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
ScopeName = Annotated[
    str, StringConstraints(pattern=r"^(\*|openid|profile|offline_access|[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2})$")
]
ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,62}$")]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]


class AccountDraft(Wire):
    """What a person states to register. The password is 10 to 128 characters; telephone and e-mail are optional."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["xiuying.li"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        examples=["correct horse battery"]
    )
    display_name: ShortText | None = None
    phone: Phone | None = None
    email: Email | None = None
    language: Language = "zh"


class _OfficeLike(Protocol):
    @property
    def department_code(self) -> str | None: ...
    @property
    def post_code(self) -> str | None: ...


class Account(Wire):
    """An account. `assurance` is 1 registered, 2 real name verified (3 exists per sign-in: with a passkey)."""

    subject: UUID
    username: str
    display_name: str
    assurance: int
    person: UUID | None
    masked_name: str | None
    verified_at: Instant | None
    department: str | None
    post: str | None
    created_at: Instant
    closed_at: Instant | None

    @classmethod
    def of(cls, row: Any, office: _OfficeLike) -> Self:
        """The account of a row, acting in `office`."""
        return cls(
            subject=row.subject,
            username=row.username,
            display_name=row.display_name,
            assurance=1 if row.person is None else 2,
            person=row.person,
            masked_name=row.masked_name,
            verified_at=row.verified_at,
            department=office.department_code,
            post=office.post_code,
            created_at=row.created_at,
            closed_at=row.closed_at,
        )


class AccountFilter(Query):
    """Which account: by its exact user name."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class VerificationDraft(Wire):
    """Name and identity number 公民身份号码 as they stand on the identity card. Neither is kept."""

    name: PersonName
    id_number: IdNumber


class Session(Wire):
    """A browser in which the person is signed in."""

    id: UUID
    device: str
    signed_in_at: Instant
    last_seen_at: Instant
    expires_at: Instant
    current: bool

    @classmethod
    def of(cls, row: Any, current: str | None) -> Self:
        """The session of a row; `current` is the session that the asking token comes from."""
        return cls(
            id=row.id,
            device=row.device,
            signed_in_at=row.auth_time,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            current=str(row.id) == current,
        )


class SessionList(Wire):
    """All open sessions, newest first."""

    items: list[Session]


class Consent(Wire):
    """What the person allowed a client program."""

    client_id: str
    client_name: str
    scopes: list[str]
    granted_at: Instant


class ConsentList(Wire):
    """All consents, newest first."""

    items: list[Consent]


class ClientDraft(Wire):
    """A client program to register (RFC 7591 names where they fit).

    `kind` public clients use PKCE alone and no secret. `auth` says how a confidential one proves itself:
    `client_secret` (Basic or form), or `private_key_jwt` with the public keys in `jwks`. `scopes` are all it may ask
    for; `*` stands for every scope, for first-party clients only. First-party clients skip the consent page.
    """

    client_id: ClientId
    kind: Literal["public", "confidential"]
    name_zh: ShortText
    name_en: ShortText
    owner: ShortText = Field(description="Who answers for the program")
    auth: Literal["none", "client_secret", "private_key_jwt"]
    jwks: dict[str, Any] | None = None
    grant_types: Annotated[list[GrantType], Field(min_length=1, max_length=5)]
    redirect_uris: Annotated[tuple[Uri, ...], Field(max_length=20)] = ()
    post_logout_redirect_uris: Annotated[tuple[Uri, ...], Field(max_length=20)] = ()
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=100)]
    first_party: bool = False
    require_pushed: bool = False


class Client(Wire):
    """A registered client program; never its secret."""

    client_id: str
    kind: str
    name_zh: str
    name_en: str
    owner: str
    auth: str
    jwks: dict[str, Any] | None
    grant_types: list[str]
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    scopes: list[str]
    first_party: bool
    require_pushed: bool
    created_at: Instant
    suspended_at: Instant | None

    @classmethod
    def of(cls, row: Any) -> "Client":
        """The client of a row."""
        return Client(**{name: getattr(row, name) for name in Client.model_fields})


class RegisteredClient(Client):
    """A client just registered, or given a new secret: the only time that the secret is shown."""

    client_secret: str | None

    @classmethod
    def with_secret(cls, row: Any, secret: str | None) -> "RegisteredClient":
        """The client of a row together with its new secret."""
        return cls(**{name: getattr(row, name) for name in Client.model_fields}, client_secret=secret)


class KeyRotation(Wire):
    """The key that signs from now on."""

    kid: str
    rotated_at: Instant

    @classmethod
    def now(cls, kid: str, at: datetime) -> Self:
        """A rotation that happened at `at`."""
        return cls(kid=kid, rotated_at=at)
