"""Rows in quarantine: kept with their reasons, mended, discarded, opened again for another try."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work
from data_hub.ingest.contract import Contract
from data_hub.ingest.domain import UNSETTLED, BadRow, RowState, masked, shown
from data_hub.ingest.errors import BadDeclaration, RowStateProblem
from data_hub.ingest.models import BatchRow, QuarantineRow
from data_hub.ingest.precedence import REASONS, Why
from data_hub.ingest.slices import ROW

_COPY = (
    "copy ingest_quarantine (id, batch, resource, department, line, shown, sealed, faults, state, at,"
    " settled_at) from stdin"
)
_FORGET = (
    "delete from ingest_quarantine where batch = %s"
    " and (state = 'waiting' or (state = 'mended' and line = any(%s::bigint[])))"
)


class Quarantine:
    """The rows of a resource that stay out, within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def keep(self, batch: BatchRow, bad: Sequence[BadRow], contract: Contract) -> None:
        """Keep bad rows of a batch in the place of those that waited. What was mended and is right now stays mended."""
        connection = await self.work.driver()
        await connection.execute(_FORGET, (batch.id, [row.line for row in bad]))
        await self._copy(batch, bad, contract, RowState.waiting)

    async def _copy(self, batch: BatchRow, rows: Sequence[BadRow], contract: Contract, state: RowState) -> None:
        connection, now = await self.work.driver(), self.work.clock.now()
        settled_at = None if state in UNSETTLED else now
        async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in rows:
                made = new_id()
                seen, sealed = self._parted(made, row, contract)
                said = late(Why.newer, contract) if state is RowState.superseded else _faults(row, contract)
                await copy.write_row((
                    made, batch.id, batch.resource, batch.department, row.line, seen, sealed,
                    json.dumps(said, ensure_ascii=False), state.value, now, settled_at,
                ))  # fmt: skip

    def _parted(self, row_id: UUID, row: BadRow, contract: Contract) -> tuple[str, bytes | None]:
        """What of a row may be seen, and the rest sealed. What the description does not know any more is hidden."""
        hidden = {name for name in row.values if _is_hidden(name, contract)}
        seen: dict[str, Any] = {
            "values": {name: masked(value) if name in hidden else value for name, value in row.values.items()}
        }
        secret: dict[str, Any] = {name: row.values[name] for name in hidden if row.values[name]}
        if row.fields is not None:
            private = any(item.sensitive for item in contract.items)
            seen["fields"] = [masked(value) if private else shown(value) for value in row.fields[:1000]]
        text = json.dumps(seen, ensure_ascii=False)
        return text, self.work.vault.seal(json.dumps(secret), _place(row_id)) if secret else None

    def values_of(self, row: QuarantineRow) -> dict[str, str | None]:
        """The values of a row as they came or were mended."""
        values: dict[str, str | None] = dict(row.shown.get("values", {}))
        if row.sealed is not None:
            values |= json.loads(self.work.vault.open(row.sealed, _place(row.id)))
        return values

    async def mend(self, row: QuarantineRow, told: Mapping[str, str | None], contract: Contract, *, by: Actor) -> None:
        """Put the right values into a row; they are checked when it is replayed. Raises RowStateProblem."""
        if row.state not in UNSETTLED:
            raise RowStateProblem
        unknown = [name for name in told if name not in contract.by_name]
        nul = [name for name, value in told.items() if value is not None and "\x00" in value]
        if unknown or nul:
            errors = [FieldError(pointer=f"/body/values/{n}", code="no-such-item", message=n) for n in unknown]
            raise BadDeclaration(errors=errors)
        whole = BadRow(row.line, self.values_of(row) | dict(told), ())
        text, row.sealed = self._parted(row.id, whole, contract)
        row.shown, row.state, row.mended_by = json.loads(text), RowState.mended.value, by.reference
        row.settled_at = None
        self.work.audit.note(
            stream=f"ingest/{row.resource}", act="mend", by=by,
            data={"batch": str(row.batch), "line": row.line, "columns": sorted(told)},
        )  # fmt: skip

    def discard(self, row: QuarantineRow, reason: str, *, by: Actor) -> None:
        """Give a row up. Raises RowStateProblem."""
        if row.state not in UNSETTLED:
            raise RowStateProblem
        row.state, row.note, row.settled_at = RowState.discarded.value, reason, self.work.clock.now()
        row.mended_by = by.reference
        self.work.audit.note(
            stream=f"ingest/{row.resource}", act="discard", by=by,
            data={"batch": str(row.batch), "line": row.line, "reason": reason},
        )  # fmt: skip

    async def of_batch(self, batch: UUID, *states: RowState, to_act: bool = False) -> list[QuarantineRow]:
        """The rows of a batch in one of these states, in order; locked where something is to become of them."""
        wanted = (
            select(QuarantineRow)
            .where(QuarantineRow.batch == batch, QuarantineRow.state.in_(states))
            .order_by(QuarantineRow.line)
        )
        found = await self.work.session.scalars(wanted.with_for_update() if to_act else wanted)
        return list(found)

    async def outdate(self, batch: BatchRow, rows: Sequence[BadRow], contract: Contract) -> None:
        """Keep rows of a batch that came too late as superseded, in the place of what was mended of them."""
        if not rows:
            return
        mended = {one.line: one for one in await self.of_batch(batch.id, RowState.mended, to_act=True)}
        for row in rows:
            if row.line in mended:
                outdated(mended[row.line], Why.newer, contract, self.work.clock.now())
        fresh = [row for row in rows if row.line not in mended]
        await self._copy(batch, fresh, contract, RowState.superseded)

    async def outdate_all(self, batch: BatchRow, contract: Contract) -> int:
        """Settle all that waits of a batch whose table was loaded anew; how many they were."""
        waiting = await self.of_batch(batch.id, *UNSETTLED, to_act=True)
        for one in waiting:
            outdated(one, Why.replaced, contract, self.work.clock.now())
        return len(waiting)

    async def supersede(self, batch: UUID) -> int:
        """Settle all waiting rows of a batch: another one brought them right."""
        done = await self.work.session.execute(
            update(QuarantineRow)
            .where(QuarantineRow.batch == batch, QuarantineRow.state.in_(UNSETTLED))
            .values(state=RowState.superseded.value, settled_at=self.work.clock.now())
            .returning(QuarantineRow.id)
        )
        return len(done.all())


def _is_hidden(name: str, contract: Contract) -> bool:
    item = contract.by_name.get(name)
    return item is None or item.sensitive


def late(why: Why, contract: Contract) -> list[dict[str, Any]]:
    """Why a row comes too late, as the faults of a row are told."""
    zh, en = REASONS[why]
    return [{"column": contract.key[0] if contract.key else ROW, "rule": why.value, "value": None, "zh": zh, "en": en}]


def outdated(row: QuarantineRow, why: Why, contract: Contract, at: datetime) -> None:
    """A row comes too late: it is settled, and says why."""
    row.faults, row.state, row.settled_at = late(why, contract), RowState.superseded.value, at


def _faults(row: BadRow, contract: Contract) -> list[dict[str, Any]]:
    said = []
    for fault in row.faults:
        value = row.values.get(fault.column)
        seen = masked(value) if _is_hidden(fault.column, contract) else shown(value)
        said.append({"column": fault.column, "rule": fault.rule, "value": seen})
    return said


def again(row: QuarantineRow, bad: BadRow, contract: Contract) -> None:
    """A mended row that is still bad waits with its new reasons."""
    row.faults, row.state = _faults(bad, contract), RowState.waiting.value


def _place(row: UUID) -> str:
    return f"ingest/quarantine/{row}"
