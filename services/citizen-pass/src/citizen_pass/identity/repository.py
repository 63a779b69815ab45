"""The reads of identity. Whoever may see what is decided by the key that a read starts from: the subject herself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from citizen_pass.identity import domain
from citizen_pass.identity.models import (
    AccountRow,
    AppointmentRow,
    ClientRow,
    ConsentRow,
    PasskeyRow,
    SessionRow,
)


async def open_account(session: AsyncSession, subject: UUID, *, lock: bool = False) -> AccountRow | None:
    """The account of `subject` where it is not closed."""
    statement = select(AccountRow).where(AccountRow.subject == subject, AccountRow.closed_at.is_(None))
    return (await session.scalars(statement.with_for_update() if lock else statement)).first()


async def account_named(session: AsyncSession, username: str) -> AccountRow | None:
    """The account with this canonical user name, closed or not."""
    return (await session.scalars(select(AccountRow).where(AccountRow.username == username))).first()


async def appointments_of(session: AsyncSession, subject: UUID) -> list[domain.Appointment]:
    """All appointments of a person that we were told of."""
    rows = await session.scalars(select(AppointmentRow).where(AppointmentRow.subject == subject))
    return [
        domain.Appointment(
            row.department_code,
            row.post_code,
            frozenset(row.scopes),
            row.valid_from,
            row.valid_to,
            row.ended_at,
            row.department_name,
            row.post_name,
        )
        for row in rows
    ]


async def office_of(session: AsyncSession, subject: UUID, now: datetime) -> domain.Office:
    """The office in which a person acts at `now`."""
    return domain.office_at(await appointments_of(session, subject), now)


async def scope_is_known(session: AsyncSession, scope: str) -> bool:
    """Whether some appointment carries `scope`: the posts of the city decide which rights exist."""
    statement = select(AppointmentRow.appointment_id).where(AppointmentRow.scopes.contains([scope])).limit(1)
    return (await session.scalars(statement)).first() is not None


async def active_client(session: AsyncSession, client_id: str) -> ClientRow | None:
    """A registered client that is not suspended."""
    statement = select(ClientRow).where(ClientRow.client_id == client_id, ClientRow.suspended_at.is_(None))
    return (await session.scalars(statement)).first()


async def passkeys_of(session: AsyncSession, subject: UUID) -> Sequence[PasskeyRow]:
    """A person's passkeys, oldest first."""
    statement = select(PasskeyRow).where(PasskeyRow.subject == subject).order_by(PasskeyRow.id)
    return (await session.scalars(statement)).all()


async def sessions_of(session: AsyncSession, subject: UUID, now: datetime) -> Sequence[SessionRow]:
    """A person's open sessions, newest first."""
    statement = select(SessionRow).where(
        SessionRow.subject == subject, SessionRow.ended_at.is_(None), SessionRow.expires_at > now
    )
    return (await session.scalars(statement.order_by(SessionRow.id.desc()))).all()


async def consents_of(session: AsyncSession, subject: UUID) -> list[tuple[ConsentRow, ClientRow]]:
    """What a person allowed which client."""
    statement = select(ConsentRow, ClientRow).join(ClientRow, ClientRow.client_id == ConsentRow.client_id)
    rows = await session.execute(statement.where(ConsentRow.subject == subject).order_by(ConsentRow.granted_at.desc()))
    return [(consent, client) for consent, client in rows]


async def consent_to(session: AsyncSession, subject: UUID, client_id: str) -> frozenset[str]:
    """The scopes that a person allowed a client."""
    scopes = await session.scalar(
        select(ConsentRow.scopes).where(ConsentRow.subject == subject, ConsentRow.client_id == client_id)
    )
    return frozenset(scopes or ())


async def account_of_person(session: AsyncSession, person: UUID, *, lock: bool = False) -> AccountRow | None:
    """The account that is bound to a person of the registry, held with `lock` until the transaction ends."""
    found = select(AccountRow).where(AccountRow.person == person)
    return (await session.scalars(found.with_for_update() if lock else found)).first()


async def account_of_subject(session: AsyncSession, subject: str) -> AccountRow | None:
    """The open account that a token of ours names."""
    return await open_account(session, UUID(subject))
