"""Who read a person's data: one line per read by somebody else, in the transaction of the read, shown to the person.

The answer has the shape of Estonia's Data Tracker (protocol 1.6) with our additions: purpose, legal basis, fields read.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query as QueryParameter
from pydantic import Field, StringConstraints
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.actors import Actor, ActorKind
from citykit.clock import Clock
from citykit.ids import new_id
from citykit.ledger import Row
from citykit.wire import Instant, Query, Wire

PersonReference = Annotated[
    str, StringConstraints(pattern=r"^(sub|person):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]


class AccessLog:
    """Collects the reads of persons' records in a transaction and writes them just before the commit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[Row] = []

    def read(
        self,
        *,
        person: str,
        by: Actor,
        action: str,
        fields: Iterable[str],
        purpose: str,
        legal_basis: str | None = None,
    ) -> None:
        """Note that `by` read `fields` of `person` (`sub:<uuid>` or `person:<uuid>`).

        A person who reads her own record leaves no line: nobody else looked. A service that asks on her behalf does.
        """
        if by.kind is ActorKind.person and person in {f"sub:{by.subject}", f"person:{by.person}"}:
            return
        self._waiting.append(
            {
                "id": new_id(), "person": person, "actor": by.reference, "actor_name": by.name,
                "organisation": by.department, "on_behalf_of": by.on_behalf_of, "action": action,
                "fields": sorted(fields), "purpose": purpose, "legal_basis": legal_basis,
            }
        )  # fmt: skip

    def take(self) -> list[Row]:
        """Hand over what was noted, as rows: a read whose line cannot be written fails."""
        waiting, self._waiting = self._waiting, []
        now = self._clock.now() if waiting else None
        return [read | {"at": now} for read in waiting]


class Usage(Wire):
    """One read of a person's data."""

    id: UUID
    logtime: Instant = Field(description="When it was read")
    action: str = Field(description="What was done, in words")
    receiver_code: str = Field(description="Who read: `sub:`, `client:` or `service:` and an id")
    receiver_name: str | None = Field(description="The reader's name on the token, masked where it is a person")
    receiver_organisation: str | None = Field(description="GB 32100 code of the reader's department")
    receiver_system: str = Field(description="The service whose record was read")
    on_behalf_of: str | None
    purpose: str
    legal_basis: str | None
    fields: list[str]


class UsagePage(Wire):
    """Reads of a person's data, newest first; `total_usages` counts all of the period, whatever the page."""

    total_usages: int
    usages: list[Usage]


class UsageQuery(Query):
    """Whose data, and when. `person` may come several times: a person is known by several references."""

    person: Annotated[list[PersonReference], QueryParameter(min_length=1, max_length=5)]
    period_start: Instant | None = None
    period_end: Instant | None = None
    offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100


async def usages(session: AsyncSession, service: str, query: UsageQuery) -> UsagePage:
    """The page of reads that `query` asks for."""
    where = "person = any(:persons) and (cast(:start as timestamptz) is null or at >= :start)"
    where += " and (cast(:end as timestamptz) is null or at < :end)"
    parameters: dict[str, list[str] | datetime | int | None] = {
        "persons": list(query.person), "start": query.period_start, "end": query.period_end,
        "limit": query.limit, "offset": query.offset,
    }  # fmt: skip
    total = await session.scalar(text(f"select count(*) from personal_access where {where}"), parameters)  # noqa: S608 - fixed text
    rows = await session.execute(
        text(f"select * from personal_access where {where} order by at desc, id desc limit :limit offset :offset"),  # noqa: S608 - fixed text
        parameters,
    )
    found = [
        Usage(
            id=row["id"], logtime=row["at"], action=row["action"], receiver_code=row["actor"],
            receiver_name=row["actor_name"], receiver_organisation=row["organisation"], receiver_system=service,
            on_behalf_of=row["on_behalf_of"], purpose=row["purpose"], legal_basis=row["legal_basis"],
            fields=list(row["fields"]),
        )
        for row in rows.mappings()
    ]  # fmt: skip
    return UsagePage(total_usages=int(total or 0), usages=found)
