"""Passkeys (WebAuthn Level 3): registered by a signed-in person, then enough to sign in without name or password."""

import json
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from citizen_pass.identity import domain, repository
from citizen_pass.identity.models import AccountRow, ChallengeRow, PasskeyRow
from citizen_pass.identity.sessions import Browser
from citykit.clock import WallClock
from citykit.work import Work

Purpose = Literal["register", "sign-in"]
CHALLENGE_LIFETIME = timedelta(minutes=5)
MOST_PASSKEYS = 10
AMR = ["pop", "user", "mfa"]  # RFC 8176: possession of a key, presence tested, verified by device unlock
RP_NAME = "智慧衡水 Smart Hengshui"


class PasskeyRefused(Exception):
    """The authenticator's answer does not hold; nothing more is told to whoever sent it."""


class Passkeys:
    """The acts on passkeys."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def registration_options(self, browser: Browser, account: AccountRow) -> dict[str, Any]:
        """What the browser needs to make a passkey (PublicKeyCredentialCreationOptions as JSON)."""
        known = await repository.passkeys_of(self._work.session, account.subject)
        options = generate_registration_options(
            rp_id=self._work.settings.relying_party,
            rp_name=RP_NAME,
            user_id=account.subject.bytes,
            user_name=account.username,
            user_display_name=account.display_name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(key.credential_id)) for key in known],
        )
        await self._keep(browser, "register", options.challenge)
        return _as_dict(options_to_json(options))

    async def register(
        self, browser: Browser, account: AccountRow, credential: dict[str, Any], name: str
    ) -> PasskeyRow:
        """Add the passkey that the browser made. Raises PasskeyRefused."""
        challenge = await self._spend(browser, "register")
        if len(await repository.passkeys_of(self._work.session, account.subject)) >= MOST_PASSKEYS:
            raise PasskeyRefused
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._work.settings.relying_party,
                expected_origin=self._work.settings.relying_party_origins,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise PasskeyRefused from error
        row = await self._insert(account, verified, name)
        stream, by = f"account/{account.subject}", f"sub:{account.subject}"
        self._work.audit.note(stream=stream, act="add-passkey", by=by, data={"passkey": str(row.id)})
        return row

    async def _insert(self, account: AccountRow, verified: Any, name: str) -> PasskeyRow:
        values = {
            "subject": account.subject, "credential_id": verified.credential_id, "name": name,
            "public_key": verified.credential_public_key, "sign_count": verified.sign_count,
            "backed_up": verified.credential_backed_up, "created_at": WallClock().now(),
        }  # fmt: skip
        statement = insert(PasskeyRow).values(values).on_conflict_do_nothing().returning(PasskeyRow)
        row = (await self._work.session.scalars(statement)).one_or_none()
        if row is None:
            raise PasskeyRefused
        return row

    async def sign_in_options(self, browser: Browser) -> dict[str, Any]:
        """What the browser needs to use a passkey; no names are asked, so none is told."""
        options = generate_authentication_options(
            rp_id=self._work.settings.relying_party, user_verification=UserVerificationRequirement.REQUIRED
        )
        await self._keep(browser, "sign-in", options.challenge)
        return _as_dict(options_to_json(options))

    async def sign_in(self, browser: Browser, credential: dict[str, Any]) -> AccountRow:
        """The account whose passkey signed the challenge. Raises PasskeyRefused."""
        challenge = await self._spend(browser, "sign-in")
        key = await self._key_of(credential)
        account = await repository.open_account(self._work.session, key.subject) if key is not None else None
        if key is None or account is None:
            raise PasskeyRefused
        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._work.settings.relying_party,
                expected_origin=self._work.settings.relying_party_origins,
                credential_public_key=bytes(key.public_key),
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise PasskeyRefused from error
        key.sign_count, key.last_used_at = verified.new_sign_count, WallClock().now()
        key.backed_up = verified.credential_backed_up
        return account

    async def remove(self, account: AccountRow, passkey_id: UUID) -> bool:
        """Forget a passkey. False where the person has none such."""
        gone = await self._work.session.execute(
            delete(PasskeyRow)
            .where(PasskeyRow.id == passkey_id, PasskeyRow.subject == account.subject)
            .returning(PasskeyRow.id)
        )
        if gone.scalar_one_or_none() is None:
            return False
        stream, by = f"account/{account.subject}", f"sub:{account.subject}"
        self._work.audit.note(stream=stream, act="remove-passkey", by=by, data={"passkey": str(passkey_id)})
        return True

    async def _key_of(self, credential: dict[str, Any]) -> PasskeyRow | None:
        try:
            credential_id = base64url_to_bytes(str(credential.get("rawId", ""))[:2000])
            handle = (credential.get("response") or {}).get("userHandle")
            owner = base64url_to_bytes(str(handle)[:200]) if handle else None
        except (ValueError, TypeError, AttributeError) as error:
            raise PasskeyRefused from error
        statement = select(PasskeyRow).where(PasskeyRow.credential_id == credential_id).with_for_update()
        key = (await self._work.session.scalars(statement)).first()
        return key if key is not None and owner in {None, key.subject.bytes} else None

    async def _keep(self, browser: Browser, purpose: Purpose, challenge: bytes) -> None:
        values = {"challenge": challenge, "expires_at": WallClock().now() + CHALLENGE_LIFETIME}
        statement = insert(ChallengeRow).values(browser=domain.digest(browser.token), purpose=purpose, **values)
        await self._work.session.execute(
            statement.on_conflict_do_update(index_elements=["browser", "purpose"], set_=values)
        )

    async def _spend(self, browser: Browser, purpose: Purpose) -> bytes:
        spent = await self._work.session.execute(
            delete(ChallengeRow)
            .where(
                ChallengeRow.browser == domain.digest(browser.token),
                ChallengeRow.purpose == purpose,
                ChallengeRow.expires_at > WallClock().now(),
            )
            .returning(ChallengeRow.challenge)
        )
        challenge = spent.scalar_one_or_none()
        if challenge is None:
            raise PasskeyRefused
        return bytes(challenge)


def _as_dict(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document
