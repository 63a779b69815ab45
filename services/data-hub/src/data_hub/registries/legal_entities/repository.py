"""Reads of legal entities. Point read and list are the registry's hot path: SQL that answers JSON, no objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, Table, select
from sqlalchemy.dialects.postgresql import insert

from citykit.pages import cursor_values, next_cursor
from citykit.runtime import Reads
from citykit.work import Work
from data_hub import beijing
from data_hub.bigrams import bigrams, search_key
from data_hub.divisions.domain import canonical, stem_of
from data_hub.registries.history import History
from data_hub.registries.legal_entities.models import LegalEntityRow, LegalEntityValueRow
from data_hub.registries.legal_entities.schemas import LegalEntityFilter

_VALUES: Any = LegalEntityValueRow.__table__
VALUES: Table = _VALUES

# Field for field what `LegalEntity` says; a test compares both.
ONE = f"""
select json_build_object(
  'uscc', uscc, 'name', name, 'former_names', former_names, 'state', state, 'state_since', state_since,
  'legal_form', legal_form, 'division_code', division_code, 'address', address, 'established_on', established_on,
  'representative_name', representative_shown, 'capital_fen', capital_fen, 'scope', scope, 'version', version,
  'changed_at', {beijing.written("changed_at", ".MS")}
)::text from legal_entity where uscc = %s
"""  # noqa: S608 - no piece of it comes from outside
# A page and whether another one follows, at once: each row knows whether one comes after it.
LIST = """
select coalesce(json_agg(json_build_object(
  'uscc', uscc, 'name', name, 'state', state, 'legal_form', legal_form, 'division_code', division_code,
  'established_on', established_on) order by uscc), '[]'::json)::text, case when bool_and(more) then max(uscc) end
from (select uscc, name, state, legal_form, division_code, established_on,
    lead(uscc) over (order by uscc) is not null as more
  from legal_entity where {where} order by uscc limit %s) page
"""


@dataclass(slots=True)
class _Conditions:
    """Fixed pieces of SQL and the values that go into them."""

    pieces: list[str] = field(default_factory=lambda: ["true"])
    values: list[Any] = field(default_factory=list)

    def add(self, piece: str, *values: Any) -> None:
        self.pieces.append(piece)
        self.values.extend(values)


def _conditions(query: LegalEntityFilter) -> _Conditions:
    made = _Conditions()
    if query.division_code is not None:
        code = canonical(query.division_code)
        stem = stem_of(query.division_code)
        if len(stem) >= 6:
            made.add("county_code = %s", code[:6])
        if len(stem) != 6:
            made.add("starts_with(division_code, %s)", stem)
    if query.state is not None:
        made.add("state = %s", query.state.value)
    if query.legal_form is not None:
        made.add("legal_form = %s", query.legal_form.value)
    if query.name is not None:
        key = search_key(query.name)
        made.add("name_bigrams @> %s::text[]", bigrams(key))
        made.add("exists (select from unnest(name_keys) known where strpos(known, %s) > 0)", key)
    return made


async def document(reads: Reads, uscc: str) -> str | None:
    """The JSON document of a legal entity; None where there is none."""
    row = await (await reads.execute(ONE, (uscc,))).fetchone()
    return None if row is None else str(row[0])


async def page(reads: Reads, query: LegalEntityFilter) -> str:
    """The JSON document of a page of legal entities by code. Raises BadCursor."""
    after = cursor_values(query, (str,))
    conditions = _conditions(query)
    if after is not None:
        conditions.add("uscc > %s", after[0])
    where = " and ".join(conditions.pieces)
    values = (*conditions.values, query.limit)
    row = await (await reads.execute(LIST.format(where=where).encode(), values)).fetchone()
    assert row is not None  # an aggregate answers one row, whatever it finds
    items, last = row
    following = "null" if last is None else f'"{next_cursor((last,))}"'
    return f'{{"items":{items},"next":{following}}}'


class Entities:
    """Legal entities as rows, for the acts."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.history = History(work, VALUES, "uscc", "legal-entities")

    async def one(self, uscc: str) -> LegalEntityRow | None:
        """The entity of this code."""
        return await self._work.session.get(LegalEntityRow, uscc)

    async def locked(self, uscc: str) -> LegalEntityRow | None:
        """The same, held until the transaction ends: two acts on one entity come one after the other."""
        statement = select(LegalEntityRow).where(LegalEntityRow.uscc == uscc).with_for_update()
        return (await self._work.session.scalars(statement)).one_or_none()

    async def all_locked(self, codes: Sequence[str]) -> list[LegalEntityRow]:
        """Those of these entities that are here, held in the order of their codes until the transaction ends."""
        row = LegalEntityRow
        found = select(row).where(row.uscc.in_(codes)).order_by(row.uscc).with_for_update()
        return list(await self._work.session.scalars(found, execution_options={"populate_existing": True}))

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Insert rows of new entities; the codes of those that were not here before.

        They come in the order of their codes, so that two acts on many entities never wait for each other crosswise.
        """
        row = LegalEntityRow
        ordered = [dict(one) for one in sorted(rows, key=lambda one: str(one["uscc"]))]
        made = insert(row.__table__).on_conflict_do_nothing().returning(row.uscc)  # type: ignore[arg-type]  # a mapped class's table
        return set(await self._work.session.scalars(made, ordered)) if ordered else set()

    def values(self, uscc: str, true_on: date | None, known_at: datetime | None) -> Select[Any]:
        """The history of an entity."""
        return self.history.of(uscc, true_on, known_at)
