"""Tables of identity. Codes, handles and tokens are kept as hashes; telephone, e-mail and keys are sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citizen_pass.database import Base
from citykit.database import Instant, Uuid7Key


class AccountRow(Base):
    """A person's account. Of the registry it keeps a reference and a masked name, nothing else.

    `former_persons` are her records there that were merged into others since, the latest last.
    """

    __tablename__ = "account"

    subject: Mapped[Uuid7Key]
    username: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(Text, default="zh")
    person: Mapped[UUID | None] = mapped_column(Uuid, unique=True)
    former_persons: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list, server_default=text("'{}'"))
    masked_name: Mapped[str | None] = mapped_column(Text)
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Instant]
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PasskeyRow(Base):
    """A WebAuthn credential of an account."""

    __tablename__ = "passkey"

    id: Mapped[Uuid7Key]
    subject: Mapped[UUID] = mapped_column(ForeignKey("account.subject"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    backed_up: Mapped[bool] = mapped_column()
    created_at: Mapped[Instant]
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ChallengeRow(Base):
    """A WebAuthn challenge, bound to the browser that asked for it and used once."""

    __tablename__ = "challenge"

    browser: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[Instant]


class SessionRow(Base):
    """A browser in which a person is signed in; its id is the `sid` of tokens."""

    __tablename__ = "login_session"

    id: Mapped[Uuid7Key]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    subject: Mapped[UUID] = mapped_column(ForeignKey("account.subject"), index=True)
    amr: Mapped[list[str]] = mapped_column(JSONB)
    auth_time: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    device: Mapped[str] = mapped_column(Text)


class ClientRow(Base):
    """A program that may ask for tokens (RFC 6749 §2)."""

    __tablename__ = "client"
    __table_args__ = (CheckConstraint("first_party OR NOT scopes ? '*'", name="every_scope"),)

    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    auth: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    grant_types: Mapped[list[str]] = mapped_column(JSONB)
    redirect_uris: Mapped[list[str]] = mapped_column(JSONB)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(JSONB)
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    first_party: Mapped[bool] = mapped_column(default=False)
    require_pushed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AuthorizationRow(Base):
    """An authorization request on its way: pushed by the client, or waiting for the person at our pages."""

    __tablename__ = "authorization_request"

    handle_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    parameters: Mapped[dict[str, str]] = mapped_column(JSONB)
    pushed: Mapped[bool] = mapped_column()
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)


class ConsentRow(Base):
    """What a person allowed a client, remembered until she withdraws it."""

    __tablename__ = "consent"

    subject: Mapped[UUID] = mapped_column(ForeignKey("account.subject"), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    granted_at: Mapped[Instant]


class FamilyRow(Base):
    """Everything that one authorization gave: access tokens and the line of refresh tokens after them."""

    __tablename__ = "token_family"

    id: Mapped[Uuid7Key]
    subject: Mapped[UUID] = mapped_column(ForeignKey("account.subject"), index=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("login_session.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_because: Mapped[str | None] = mapped_column(Text)


class CodeRow(Base):
    """An authorization code: a minute long, used once; its second use revokes what the first one gave."""

    __tablename__ = "authorization_code"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    family_id: Mapped[UUID] = mapped_column(ForeignKey("token_family.id"))
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RefreshRow(Base):
    """A refresh token, valid once; a second use means that somebody else has it, and ends the family."""

    __tablename__ = "refresh_token"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("token_family.id"), index=True)
    issued_at: Mapped[Instant]
    expires_at: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RevokedTokenRow(Base):
    """An access token that was revoked before its time."""

    __tablename__ = "revoked_token"

    jti: Mapped[str] = mapped_column(Text, primary_key=True)
    expires_at: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)


class AssertionRow(Base):
    """The number of a client assertion that was used (RFC 7523 §3, point 7)."""

    __tablename__ = "client_assertion"

    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    jti: Mapped[str] = mapped_column(Text, primary_key=True)
    expires_at: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)


class SigningKeyRow(Base):
    """A signing key: published as `next`, then `current`, then `retired` until no token of it can live."""

    __tablename__ = "signing_key"
    __table_args__ = (Index("uq_signing_key_state", "state", unique=True, postgresql_where=text("state <> 'retired'")),)

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]
    current_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ThrottleRow(Base):
    """Failures of one account or one address, under a keyed hash."""

    __tablename__ = "throttle"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger)
    last_failure: Mapped[Instant] = mapped_column(DateTime(timezone=True), index=True)
    blocked_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class AppointmentRow(Base):
    """A staff appointment, as gov-collab told us by event."""

    __tablename__ = "staff_appointment"

    appointment_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subject: Mapped[UUID] = mapped_column(Uuid, index=True)
    department_code: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str] = mapped_column(Text)
    post_code: Mapped[str] = mapped_column(Text)
    post_name: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    valid_from: Mapped[Instant]
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
