"""The acts on accounts: register, sign in, verify the real name, appoint; and what other slices may ask."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.clients.data_hub import population_verification
from citizen_pass.identity import domain, repository
from citizen_pass.identity.errors import (
    AccountFault,
    AlreadyVerified,
    IdentityNotMatched,
    PersonBound,
    TooManyTries,
    UsernameTaken,
)
from citizen_pass.identity.events import AccountVerified, AppointmentEnded, AppointmentMade
from citizen_pass.identity.models import AccountRow, AppointmentRow
from citizen_pass.identity.passwords import passwords
from citizen_pass.identity.schemas import Account, AccountDraft, VerificationDraft
from citizen_pass.identity.sessions import Browser, BrowserInRequest, Sessions
from citizen_pass.identity.throttle import registrations, sign_in_tries, verifications
from citykit.actors import Actor
from citykit.clock import WallClock
from citykit.problems import FieldError, Problem
from citykit.work import Work

__all__ = [
    "Accounts",
    "Browser",
    "BrowserInRequest",
    "Contact",
    "SignInRefused",
    "appointment_ended",
    "appointment_made",
]

FAULTS: dict[str, tuple[str, str]] = {
    "username-form": (
        "用户名须以字母开头，由 3 至 32 位小写字母、数字、点、横线或下划线组成",
        "A user name begins with a letter and has 3 to 32 letters, digits, dots, dashes or underlines",
    ),
    "username-reserved": ("该用户名为保留名称", "This user name is reserved"),
    "username-taken": ("用户名已被使用，请换一个", "The user name is taken, please choose another"),
    "password-short": ("密码至少 10 位", "A password has at least 10 characters"),
    "password-long": ("密码最多 128 位", "A password has at most 128 characters"),
    "password-common": ("密码过于常见或包含用户名", "The password is too common, or holds the user name"),
}


@dataclass(frozen=True)
class Contact:
    """How a person can be reached, and in which language."""

    email: str | None
    phone: str | None
    language: str


@dataclass(frozen=True)
class SignInRefused:
    """A sign-in that failed; `wait` is the number of seconds until the next try, 0 where none is asked for."""

    wait: int


class Accounts:
    """The acts on accounts, inside one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    # ---- register and sign in ---------------------------------------------------------------------------------------

    async def register(self, draft: AccountDraft, *, address: str) -> Account | Problem:
        """Make an account at assurance level 1.

        Answers 409 `username-taken` instead of raising it, because asking whether a name is taken counts as well.
        Raises 422 `account-fault`, 429 `too-many-tries` (per address and hour).
        """
        throttle = registrations(self._work, address)
        if wait := await throttle.wait():
            raise TooManyTries(headers={"Retry-After": str(wait)})
        username = self._checked(draft)
        await throttle.failed()
        if await repository.account_named(self._work.session, username) is not None:
            return UsernameTaken()
        hashed = await passwords(self._work.settings).hash(draft.password)
        account = await self.insert(username, draft.display_name or username, hashed, draft.language, None)
        if account is None:
            return UsernameTaken()
        self._seal_contacts(account, draft.phone, draft.email)
        self._work.audit.note(stream=f"account/{account.subject}", act="register", by=f"sub:{account.subject}")
        return Account.of(account, domain.NO_OFFICE)

    def _checked(self, draft: AccountDraft) -> str:
        username = domain.username_of(draft.username)
        faults = [
            ("/body/username", domain.username_fault(username, production=self._work.settings.is_production)),
            ("/body/password", domain.password_fault(draft.password, username)),
        ]
        errors = [FieldError(pointer=at, code=code, message="，".join(FAULTS[code])) for at, code in faults if code]
        if errors:
            raise AccountFault(errors=errors)
        return username

    async def insert(
        self, username: str, display_name: str, password_hash: str | None, language: str, subject: UUID | None
    ) -> AccountRow | None:
        """Put an account into the table; None where the name is taken, also by somebody a moment faster."""
        values: dict[str, Any] = {
            "username": username, "display_name": display_name, "password_hash": password_hash, "language": language,
            "created_at": WallClock().now(),
        }  # fmt: skip
        if subject is not None:
            values["subject"] = subject
        statement = insert(AccountRow).values(values).on_conflict_do_nothing().returning(AccountRow)
        return (await self._work.session.scalars(statement)).one_or_none()

    def _seal_contacts(self, account: AccountRow, phone: str | None, email: str | None) -> None:
        if phone:
            account.phone_sealed = self._work.vault.seal(phone, f"account/{account.subject}/phone")
        if email:
            account.email_sealed = self._work.vault.seal(email, f"account/{account.subject}/email")

    async def sign_in(self, username: str, password: str, *, address: str) -> AccountRow | SignInRefused:
        """The account behind a name and password. Unknown names and wrong passwords cost the same and answer the same.

        While tries are blocked the password is not looked at, so that waiting is the only way on.
        """
        name = domain.username_of(username)[:64]
        throttle = sign_in_tries(self._work, name, address)
        if wait := await throttle.wait():
            return SignInRefused(wait)
        account = await repository.account_named(self._work.session, name)
        kept = account.password_hash if account is not None and account.closed_at is None else None
        hasher = passwords(self._work.settings)
        if not await hasher.verify(kept, password) or account is None or kept is None:
            await throttle.failed()
            return SignInRefused(0)
        await throttle.succeeded()
        if hasher.is_outdated(kept):
            account.password_hash = await hasher.hash(password)
        return account

    # ---- real name --------------------------------------------------------------------------------------------------

    async def verify(self, draft: VerificationDraft, *, by: Actor) -> Account | Problem:
        """Verify the real name against the population registry; keeps the person's reference and masked name only.

        Answers a problem instead of raising it where the failed try must be counted: 422 `identity-not-matched`,
        429 `too-many-tries`. Raises 409 `already-verified`, 409 `person-bound`, 503 where the registry is down.
        """
        account = await repository.open_account(self._work.session, UUID(by.subject), lock=True)
        if account is None:
            return IdentityNotMatched()
        if account.person is not None:
            raise AlreadyVerified()
        number = draft.id_number.upper()
        throttle = verifications(self._work, by.subject, number)
        if wait := await throttle.wait():
            return TooManyTries(headers={"Retry-After": str(wait)})
        found = await population_verification(self._work.mesh, draft.name, number, by=by)
        stream = f"account/{account.subject}"
        if not found.matched or found.person is None:
            await throttle.failed()
            self._work.audit.note(stream=stream, act="verification-failed", by=by)
            return IdentityNotMatched()
        return await self._bind(account, found.person, found.masked_name or "", by=by)

    async def _bind(self, account: AccountRow, person: UUID, masked_name: str, *, by: Actor | str) -> Account:
        now = self._work.clock.now()
        if await repository.account_of_person(self._work.session, person) is not None:
            raise PersonBound()
        account.person, account.masked_name, account.verified_at = person, masked_name, now
        stream = f"account/{account.subject}"
        self._work.audit.note(stream=stream, act="verify", by=by, data={"person": str(person)})
        self._work.events.record(
            AccountVerified(subject=account.subject, person=person, assurance=2, verified_at=now),
            subject=str(account.subject),
        )
        office = await repository.office_of(self._work.session, account.subject, now)
        return Account.of(account, office)

    async def adopt(self, account: AccountRow, persona: Mapping[str, Any]) -> None:
        """Give a sample account its contacts and its verified person; what the registry would say is in the persona."""
        self._seal_contacts(account, persona.get("phone"), persona.get("email"))
        self._work.audit.note(stream=f"account/{account.subject}", act="register", by="service:citizen-pass")
        if persona.get("person"):
            # The mask that the registry would answer: first and last character, one of two.
            name = str(persona["name"])
            masked = name[0] + "*" * max(len(name) - 2, 1) + (name[-1] if len(name) > 2 else "")
            await self._bind(account, UUID(persona["person"]), masked, by="service:citizen-pass")

    # ---- read and close ---------------------------------------------------------------------------------------------

    async def mine(self, subject: UUID) -> Account | None:
        """A person's own account."""
        account = await repository.open_account(self._work.session, subject)
        if account is None:
            return None
        return Account.of(account, await repository.office_of(self._work.session, subject, self._work.clock.now()))

    async def close(self, account: AccountRow, *, by: Actor) -> Account:
        """Close an account: nobody signs in to it any more, and all that it gave out ends."""
        if account.closed_at is None:
            account.closed_at = WallClock().now()
            await Sessions(self._work).revoke_all(account.subject)
            self._work.audit.note(stream=f"account/{account.subject}", act="close", by=by)
        return Account.of(account, domain.NO_OFFICE)

    # ---- what other slices may ask ----------------------------------------------------------------------------------

    async def contact(self, subject: UUID) -> Contact | None:
        """How to reach a person; None where there is no open account."""
        account = await repository.open_account(self._work.session, subject)
        if account is None:
            return None
        where = f"account/{account.subject}"
        phone, email = account.phone_sealed, account.email_sealed
        return Contact(
            email=self._work.vault.open(email, f"{where}/email") if email else None,
            phone=self._work.vault.open(phone, f"{where}/phone") if phone else None,
            language=account.language,
        )

    async def person_of(self, subject: UUID) -> UUID | None:
        """The registry's reference of the person behind an account, once verified."""
        account = await repository.open_account(self._work.session, subject)
        return account.person if account is not None else None

    async def subject_of(self, person: UUID) -> UUID | None:
        """The account of a verified person."""
        account = await repository.account_of_person(self._work.session, person)
        return account.subject if account is not None and account.closed_at is None else None

    async def follow_merger(self, person: UUID, survivor: UUID) -> UUID | None:
        """Let the account of a person's record be that of the one that it was merged into; whose account that is.

        Where that record has an account of its own, both stay as they are: a counter finds out which one she keeps.
        """
        account = await repository.account_of_person(self._work.session, person, lock=True)
        if account is None:
            return await self.subject_of(survivor)
        if await repository.account_of_person(self._work.session, survivor) is None:
            account.person, account.former_persons = survivor, [*account.former_persons, person]
            self._note(account, "follow-merger", survivor)
        return account.subject if account.closed_at is None else None

    async def follow_parting(self, person: UUID, survivor: UUID) -> UUID | None:
        """Give an account the person's record back that it was verified for, as its merger was wrong; whose it is."""
        account = await repository.account_of_person(self._work.session, survivor, lock=True)
        if account is None or account.former_persons[-1:] != [person]:
            return await self.subject_of(person)
        account.person, account.former_persons = person, account.former_persons[:-1]
        self._note(account, "follow-parting", person)
        return account.subject if account.closed_at is None else None

    def _note(self, account: AccountRow, act: str, person: UUID) -> None:
        stream = f"account/{account.subject}"
        self._work.audit.note(stream=stream, act=act, by="service:data-hub", data={"person": str(person)})


async def departments_named(work: Work, codes: Collection[str]) -> dict[str, str]:
    """What departments are called, by their codes, as the newest appointment in each says; others are left out."""
    if not codes:
        return {}
    rows = await work.session.execute(
        select(AppointmentRow.department_code, AppointmentRow.department_name)
        .where(AppointmentRow.department_code.in_(codes))
        .order_by(AppointmentRow.valid_from)
    )
    return {row.department_code: row.department_name for row in rows}


async def appointment_made(event: AppointmentMade, work: Work) -> None:
    """Take an appointment over; a repeated or corrected one replaces what we knew, an end that we know stays."""
    values = event.model_dump()
    statement = insert(AppointmentRow).values(values)
    changed = {name: value for name, value in values.items() if name != "appointment_id"}
    await work.session.execute(statement.on_conflict_do_update(index_elements=["appointment_id"], set_=changed))
    office = {"appointment": str(event.appointment_id), "department": event.department_code, "post": event.post_code}
    work.audit.note(stream=f"account/{event.subject}", act="appointed", by="service:gov-collab", data=office)


async def appointment_ended(event: AppointmentEnded, work: Work) -> None:
    """End an appointment: the next token is without its scopes."""
    await work.session.execute(
        update(AppointmentRow)
        .where(AppointmentRow.appointment_id == event.appointment_id)
        .values(ended_at=event.ended_at)
    )
    data = {"appointment": str(event.appointment_id)}
    work.audit.note(stream=f"account/{event.subject}", act="appointment-ended", by="service:gov-collab", data=data)
