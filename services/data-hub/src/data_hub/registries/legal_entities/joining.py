"""Legal entities as a merger deals with them, by code. A code that was merged is never registered anew."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from citykit.clock import CHINA
from citykit.work import Work
from data_hub.registries.joining import Joining, Said
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.legal_entities.models import LegalEntityRow
from data_hub.registries.legal_entities.present import columns, former_names, names, told_of
from data_hub.registries.legal_entities.repository import Entities
from data_hub.registries.models import MergerRow
from data_hub.registries.provenance import Value, as_of
from data_hub.registries.sources.domain import Registry


class EntityJoining(Joining):
    """The legal-entity registry. `locked`, `show` and `tell` are its own acts."""

    registry = Registry.legal_entities
    fields = tuple(field.value for field in EntityField)
    numbered_by = told_of = EntityField.name.value  # who registers the name gives the code
    untold = frozenset({EntityField.legal_representative.value})

    def __init__(
        self, work: Work, rows: Entities, locked: Callable[[str], Awaitable[LegalEntityRow]],
        show: Callable[[LegalEntityRow, EntityField, list[Value]], None], tell: Callable[..., None],
    ) -> None:  # fmt: skip
        super().__init__(work, rows.history)
        self._locked, self._show, self._tell = locked, show, tell

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return self.work.clock.now().astimezone(CHINA).date()

    def key(self, subject: str) -> str:
        """The code."""
        return subject

    async def locked(self, subject: str) -> LegalEntityRow:
        """The present row, held. Raises NoSuchEntity, RecordMerged."""
        return await self._locked(subject)

    def subject(self, row: LegalEntityRow) -> str:
        """The code."""
        return row.uscc

    def clear(self, row: LegalEntityRow, field: str, value: Value) -> str | None:
        """A value: nothing of an entity is sealed."""
        return value.text

    def carried(self, gone: LegalEntityRow, kept: LegalEntityRow, field: str, value: Value) -> Value:
        """A value, as it is."""
        return value

    def given_up(self, gone: LegalEntityRow) -> dict[str, str]:
        """None: a code says nothing of an entity that is read from it."""
        return {}

    def begins(self, row: LegalEntityRow) -> date:
        """Nothing is true of an entity before it was established."""
        return row.established_on

    def show(self, row: LegalEntityRow, field: str, known: list[Value]) -> None:
        """Bring the present row to what is true now; a field of which nothing is known any more is empty."""
        self._show(row, EntityField(field), known)
        if as_of(known, self.today) is None:
            for name, content in columns(EntityField(field), None).items():
                setattr(row, name, content)

    async def leave(self, gone: LegalEntityRow) -> bytes | None:
        """Take the present row away."""
        await self.work.session.delete(gone)
        await self.work.session.flush()
        return None

    async def come_back(self, merger: MergerRow) -> LegalEntityRow:
        """Make the present row anew."""
        await self.history.reopen(merger.subject, merger.merged_at)
        content: dict[str, Any] = {"uscc": merger.subject, "sample": merger.sample, "version": merger.version + 1}
        for field in EntityField:
            known = await self.history.known(merger.subject, field.value)
            present = as_of(known, self.today)
            if present is None:
                content |= columns(field, None)
                continue
            content |= columns(field, present.text)
            if field is EntityField.name:
                content |= names(present.text or "", former_names(known, present))
            if field is EntityField.state:
                content["state_since"] = present.true.start
        row = LegalEntityRow(**content, changed_at=self.work.clock.now())
        self.work.session.add(row)
        await self.work.session.flush()
        return row

    def tell(self, row: LegalEntityRow, said: Said) -> None:
        """Tell that an entity changed."""
        self._tell(told_of(row), said.act, said.fields, said.statement, said.by)

    def tell_merged(self, gone: LegalEntityRow, kept: LegalEntityRow, said: Said) -> None:
        """Tell that an entity's record is another one's part: its code is that one's name and state from now on."""
        told = told_of(gone) | {"name": kept.name, "state": kept.state}
        self._tell(told, said.act, said.fields, said.statement, said.by, into=kept.uscc)

    def tell_parted(self, back: LegalEntityRow, kept: LegalEntityRow, said: Said) -> None:
        """Tell that an entity's record stands by itself again."""
        self.tell(back, said)
