"""Who read a person's data: one line per read by somebody else, in the transaction of the read, shown to the person.

The answer has the shape of Estonia's Data Tracker (protocol 1.6) with our additions: purpose, legal basis, fields read,
and the words by which a person understands the codes. The words are those of the day of the read, and kept with it:
departments and columns are renamed, what was read then is not. Nothing is ever decided by them.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query as QueryParameter
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from citykit.actors import Actor, ActorKind
from citykit.clock import Clock
from citykit.ids import new_id
from citykit.ledger import Row
from citykit.wire import Instant, Query, Wire

PersonReference = Annotated[
    str, StringConstraints(pattern=r"^(sub|person):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
]
Code = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
MOST_READERS = 500


class AccessLog:
    """Collects the reads of persons' records in a transaction and writes them just before the commit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[tuple[str | None, ...], Row] = {}

    def read(
        self,
        *,
        person: str,
        by: Actor,
        action: str,
        fields: Iterable[str],
        purpose: str,
        legal_basis: str | None = None,
        record: str | None = None,
        said: Mapping[str, str] | None = None,
        matter: str | None = None,
    ) -> None:
        """Note that `by` read `fields` of `person` (`sub:<uuid>` or `person:<uuid>`).

        `record` is what they are fields of, in words (a registry, a resource, a kind of licence), `said` what fields
        are called, `matter` the case or permission that the read belongs to: each as a person reads it, Chinese first.

        Reads of one person that differ in nothing but their fields are one line within a transaction, however many rows
        of hers were shown: a long list must not hide the other readers from her.

        A person who reads her own record leaves no line: nobody else looked. A service that asks on her behalf does.
        """
        if by.kind is ActorKind.person and person in {f"sub:{by.subject}", f"person:{by.person}"}:
            return
        key = (person, by.reference, by.department, by.on_behalf_of, action, purpose, legal_basis, record, matter)
        line = self._waiting.get(key)
        names, said = sorted(set(fields).union(line["fields"] if line else ())), said or {}
        told = (line["words"].get("fields", {}) if line else {}) | {name: said[name] for name in names if name in said}
        words = {
            "organisation": by.department_name, "post": by.post_name, "record": record, "matter": matter, "fields": told
        }  # fmt: skip
        self._waiting[key] = {
            "id": line["id"] if line else new_id(), "person": person, "actor": by.reference, "actor_name": by.name,
            "organisation": by.department, "on_behalf_of": by.on_behalf_of, "action": action, "fields": names,
            "purpose": purpose, "legal_basis": legal_basis,
            "words": {name: word for name, word in words.items() if word},
        }  # fmt: skip

    def take(self, persons: Container[str] | None = None) -> list[Row]:
        """Hand over what was noted, as rows, of these persons or of all: a read whose line cannot be written fails."""
        taken = {key: line for key, line in self._waiting.items() if persons is None or line["person"] in persons}
        for key in taken:
            del self._waiting[key]
        now = self._clock.now() if taken else None
        return [line | {"at": now} for line in taken.values()]


class Usage(Wire):
    """One read of a person's data. The words are those of its day; they are absent where nobody kept them."""

    id: UUID
    logtime: Instant = Field(description="When it was read")
    action: str = Field(description="What was done, in words")
    receiver_code: str = Field(description="Who read: `sub:`, `client:` or `service:` and an id")
    receiver_name: str | None = Field(description="The reader's name on the token, masked where it is a person")
    receiver_organisation: str | None = Field(description="GB 32100 code of the reader's department")
    receiver_organisation_name: str | None = Field(description="What that department, or a program's owner, is called")
    receiver_post: str | None = Field(description="The reader's post, in words")
    receiver_system: str = Field(description="The service whose record was read")
    on_behalf_of: str | None
    purpose: str
    legal_basis: str | None
    record: str | None = Field(description="What was read, in words: a registry, a resource, a kind of licence")
    matter: str | None = Field(description="The case or permission that the read belongs to")
    fields: list[str]
    field_words: dict[str, str] = Field(description="What fields are called, by their codes")

    @classmethod
    def of(cls, row: RowMapping, service: str) -> "Usage":
        """The read that a row of the log tells of."""
        words: dict[str, Any] = row["words"] or {}
        return cls(
            id=row["id"], logtime=row["at"], action=row["action"], receiver_code=row["actor"],
            receiver_name=row["actor_name"], receiver_organisation=row["organisation"],
            receiver_organisation_name=words.get("organisation"), receiver_post=words.get("post"),
            receiver_system=service, on_behalf_of=row["on_behalf_of"], purpose=row["purpose"],
            legal_basis=row["legal_basis"], record=words.get("record"), matter=words.get("matter"),
            fields=list(row["fields"]), field_words=words.get("fields", {}),
        )  # fmt: skip


class UsagePage(Wire):
    """Reads of a person's data, newest first; `total_usages` counts all of the question, whatever the page."""

    total_usages: int
    usages: list[Usage]


class ReadersQuery(Query):
    """Whose data, and when. `person` may come several times: a person is known by several references."""

    person: Annotated[list[PersonReference], QueryParameter(min_length=1, max_length=5)]
    period_start: Instant | None = None
    period_end: Instant | None = None


class UsageQuery(ReadersQuery):
    """The same, of one reader or one organisation where they are named, or the one read that `usage` names."""

    receiver: Code | None = None
    organisation: Code | None = None
    usage: UUID | None = None
    offset: Annotated[int, QueryParameter(ge=0, le=1_000_000)] = 0
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100


class UsageReader(Wire):
    """One reader of a person's data in a period: a department, or whoever read without one, and how many times."""

    receiver_organisation: str | None
    receiver_organisation_name: str | None = Field(description="As it was called at its last read")
    receiver_code: str | None = Field(description="Who read, where no department did")
    receiver_name: str | None
    usages: int
    first: Instant
    last: Instant


class ReaderList(Wire):
    """The readers of a person's data, the last one first; the 500 that read last where there are more of them."""

    readers: list[UsageReader]


_OF_WHOM = """person = any(:person) and (cast(:period_start as timestamptz) is null or at >= :period_start)
  and (cast(:period_end as timestamptz) is null or at < :period_end)"""
_WHICH = f"""{_OF_WHOM} and (cast(:receiver as text) is null or actor = :receiver)
  and (cast(:organisation as text) is null or organisation = :organisation)
  and (cast(:usage as uuid) is null or id = :usage)"""
_COUNT = text(f"select count(*) from personal_access where {_WHICH}")  # noqa: S608 - fixed text
_PAGE = text(
    f"select * from personal_access where {_WHICH} order by at desc, id desc limit :limit offset :offset"  # noqa: S608
)
_LAST = "(array_agg({0} order by at desc, id desc) filter (where {0} is not null))[1]"
_READERS = text(f"""
select organisation as receiver_organisation, case when organisation is null then actor end as receiver_code,
  {_LAST.format("words ->> 'organisation'")} as receiver_organisation_name,
  case when organisation is null then {_LAST.format("actor_name")} end as receiver_name,
  count(*) as usages, min(at) as first, max(at) as last
from personal_access where {_OF_WHOM} group by 1, 2 order by max(at) desc, 1, 2 limit {MOST_READERS}
""")  # noqa: S608 - fixed text


async def usages(session: AsyncSession, service: str, query: UsageQuery) -> UsagePage:
    """The page of reads that `query` asks for."""
    asked = query.model_dump()
    total = await session.scalar(_COUNT, asked)
    rows = await session.execute(_PAGE, asked)
    return UsagePage(total_usages=int(total or 0), usages=[Usage.of(row, service) for row in rows.mappings()])


async def readers(session: AsyncSession, query: ReadersQuery) -> ReaderList:
    """Who read in the period that `query` names, and how often: one entry a reader, however much she read."""
    rows = await session.execute(_READERS, query.model_dump())
    return ReaderList(readers=[UsageReader(**row) for row in rows.mappings()])
