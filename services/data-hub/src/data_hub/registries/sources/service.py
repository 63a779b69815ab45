"""Names sources, finds the one that counts, and tells how long it may take to answer."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, NamedTuple

from fastapi import Depends
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor, ActorKind
from citykit.pages import Page, keyset_page
from citykit.work import Work, WorkInRequest
from data_hub.registries.schemas import SourceDraft
from data_hub.registries.sources.domain import ANY, IMPLIED, Registry, registrar_of
from data_hub.registries.sources.errors import NotTheSource, SourceTaken, StatedForAnother
from data_hub.registries.sources.models import DeadlineRow, SourceRow
from data_hub.registries.sources.schemas import NamedSource, SourceNaming, SourceQuery

CORRECTION = "correction"
_FIRST = DeadlineRow(
    kind=CORRECTION, valid_from=date(2025, 8, 1), valid_to=None, working_days=10,
    legal_basis="《政务数据共享条例》（国务院令第809号）关于校核的规定；工作日数为本市约定，按生效日期调整",
)  # fmt: skip


class Deadline(NamedTuple):
    """How many working days an answer may take, and why."""

    working_days: int
    legal_basis: str


def not_anothers(department: str, by: Actor) -> None:
    """Refuse a person or program that speaks in another department's name. Raises StatedForAnother."""
    if by.kind is not ActorKind.service and by.department != department:
        raise StatedForAnother


class Sources:
    """The list of sources within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._remembered: dict[tuple[Registry, str, str, date], str | None] | None = None

    def remember(self) -> None:
        """Ask who is the source of a field once for each registrar and day from now on: for acts on many records."""
        self._remembered = {}

    async def named(self, registry: Registry, field: str, subject: str, day: date) -> str | None:
        """The department named as source of a field of this record on a day; None where none is."""
        registrar = registrar_of(registry, subject)
        if self._remembered is None:
            return await self._named(registry, field, registrar, day)
        key = (registry, field, registrar, day)
        if key not in self._remembered:
            self._remembered[key] = await self._named(*key)
        return self._remembered[key]

    async def _named(self, registry: Registry, field: str, registrar: str, day: date) -> str | None:
        row, registrars = SourceRow, {registrar, ANY}
        found = await self.work.session.scalars(
            select(row.department)
            .where(
                row.registry_name == registry.value, row.field == field, row.registrar.in_(registrars),
                row.valid_from <= day, or_(row.valid_to.is_(None), row.valid_to > day),
            )
            .order_by(func.length(row.registrar).desc())
            .limit(1)
        )  # fmt: skip
        return found.first()

    async def admit(
        self, registry: Registry, field: str, subject: str, day: date, *, present: str | None, stated_by: str
    ) -> None:
        """Let only the source speak: the named one, else `present`, whose statement the value rests on.

        Raises NotTheSource.
        """
        source = await self.named(registry, field, subject, day) or present
        if source is not None and source != stated_by:
            raise NotTheSource(source)

    async def admit_first(
        self, registry: Registry, subject: str, fields: Iterable[str], stated: SourceDraft, day: date
    ) -> None:
        """Let nobody begin a record with values whose source is named and is another department.

        What nobody is named for may be said by anybody, who is its source from then on. Raises NotTheSource.
        """
        named = {field: await self.named(registry, field, subject, day) for field in fields}
        others = {field: source for field, source in named.items() if source not in (None, stated.department)}
        if others:
            raise NotTheSource.of_new(others, IMPLIED[registry])

    async def name(self, naming: SourceNaming, *, by: Actor) -> NamedSource:
        """Name the source of a field from a day on; the one before counts until then. Raises SourceTaken."""
        values = naming.model_dump(exclude={"registry"}) | {"registry_name": naming.registry.value}
        key = f"source/{naming.registry}/{naming.field}/{naming.registrar}"
        await self.work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
        row = SourceRow
        found = await self.work.session.scalars(
            select(row).where(
                row.registry_name == naming.registry.value, row.field == naming.field,
                row.registrar == naming.registrar, or_(row.valid_to.is_(None), row.valid_to > naming.valid_from),
            )
        )  # fmt: skip
        for earlier in found.all():
            if earlier.valid_from >= naming.valid_from:
                raise SourceTaken
            earlier.valid_to = naming.valid_from
        await self.work.session.flush()
        made = SourceRow(**values, valid_to=None)
        self.work.session.add(made)
        await self.work.session.flush()
        self.work.audit.note(
            stream=f"registry-source/{naming.registry.value}", act="name-source", by=by,
            data=naming.model_dump(mode="json"),
        )  # fmt: skip
        return NamedSource.of(made)

    async def listed(self, query: SourceQuery) -> Page[NamedSource]:
        """The sources, by registry, field, registrar and day."""
        row, found = SourceRow, select(SourceRow)
        if query.registry is not None:
            found = found.where(row.registry_name == query.registry.value)
        if query.on is not None:
            found = found.where(row.valid_from <= query.on, or_(row.valid_to.is_(None), row.valid_to > query.on))
        keys = (row.registry_name, row.field, row.registrar, row.valid_from)
        return await keyset_page(self.work.session, found, keys=keys, query=query, make=NamedSource.of)

    async def deadline(self, day: date, kind: str = CORRECTION) -> Deadline:
        """How long an answer may take that is asked for on `day`."""
        row = DeadlineRow
        found = await self.work.session.execute(
            select(row.working_days, row.legal_basis).where(
                row.kind == kind, row.valid_from <= day, or_(row.valid_to.is_(None), row.valid_to > day)
            )
        )
        known = found.first()
        return Deadline(*known) if known is not None else Deadline(_FIRST.working_days, _FIRST.legal_basis)


async def load_deadlines(work: Work) -> None:
    """Load the deadlines that the registries cannot work without; those that are there stay."""
    values = {name: getattr(_FIRST, name) for name in ("kind", "valid_from", "valid_to", "working_days", "legal_basis")}
    await work.session.execute(insert(DeadlineRow).values(values).on_conflict_do_nothing())


async def sources(work: WorkInRequest) -> Sources:
    """The list of sources within this request's transaction."""
    return Sources(work)


SourcesInRequest = Annotated[Sources, Depends(sources)]
