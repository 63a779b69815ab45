"""The acts on observations: release, revise with a reason, correct confidentiality. All of a release or nothing."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.registries.macro_economy.domain import BadKey, BadPeriod, Ref, Span, key_of, period
from data_hub.registries.macro_economy.errors import (
    BadObservations,
    NotTheSource,
    ReleaseUsedOtherwise,
    RevisionNeedsReason,
    wrong,
)
from data_hub.registries.macro_economy.events import IndicatorsReleased
from data_hub.registries.macro_economy.models import IndicatorRow, ReleaseRow
from data_hub.registries.macro_economy.schemas import (
    ConfidentialityCorrection,
    Level,
    ObservationDraft,
    ReleaseDraft,
    Revision,
    RevisionKind,
)
from data_hub.registries.macro_economy.service import FREQ, INDICATOR, MacroEconomy, Shape, not_anothers
from data_hub.registries.macro_economy.suppression import Group, secondary

MOST_FAULTS = 50
Place = tuple[str, str]  # key and period of a cell


@dataclass(frozen=True)
class Cell:
    """A cell as it is to be, or as it is."""

    key: str
    codes: tuple[str, ...]
    span: Span
    value: Decimal | None
    obs_status: str
    conf_status: str
    attributes: dict[str, str]
    secondary: bool = False

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.key, self.span.text

    def says(self, other: "Cell") -> bool:
        """Whether it says the same as `other`, the rule's suppression aside."""
        return replace(self, secondary=other.secondary) == other


class Releases:
    """The releases of observations within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.registry = MacroEconomy(work)

    async def release(self, flow: Ref, draft: ReleaseDraft, *, by: Actor, sample: bool = False) -> ReleaseRow:
        """Take a release; the same one again answers what the first did.

        Raises NoStructure, BadObservations, NotTheSource, ReleaseUsedOtherwise, RevisionNeedsReason.
        """
        shape = await self.registry.shape(flow, lock=True)
        print_ = hashlib.sha256(draft.model_dump_json().encode()).digest()
        earlier = await self._earlier(shape, draft.release, print_)
        if earlier is not None:
            return earlier
        cells = await run_in_threadpool(checked, shape, draft)
        await self._check_source(shape, cells, draft.source.department, by)
        present = await self._present(shape, sorted({cell.span.text for cell in cells}))
        series = await self._series(shape, cells, draft)
        row = self._row(shape, draft, print_, by, sample, draft.revision)
        await self._take(shape, row, cells, present, series)
        self._tell(row, by, sorted({_code(shape, INDICATOR, cell.codes) or "" for cell in cells} - {""}))
        return row

    async def correct_confidentiality(self, flow: Ref, draft: ConfidentialityCorrection, *, by: Actor) -> ReleaseRow:
        """State the confidentiality of cells anew, at once for all their vintages. Raises as `release` does."""
        shape = await self.registry.shape(flow, lock=True)
        print_ = hashlib.sha256(draft.model_dump_json().encode()).digest()
        earlier = await self._earlier(shape, draft.release, print_)
        if earlier is not None:
            return earlier
        spans = _spans([one.period for one in draft.cells], "/body/cells")
        present = await self._present(shape, sorted({span.text for span in spans}))
        cells, faults = [], []
        for n, (one, span) in enumerate(zip(draft.cells, spans, strict=True)):
            found = present.get((one.key, span.text))
            if found is None:
                faults.append(wrong(f"/body/cells/{n}", "unknown", ("没有该观测值", "There is no such observation")))
            else:
                cells.append(replace(found[1], conf_status=one.conf_status))
        places = [cell.place for cell in cells]
        if len(set(places)) != len(places):
            faults.append(wrong("/body/cells", "twice", ("同一观测值重复", "An observation stands twice")))
        if faults:
            raise BadObservations(errors=faults[:MOST_FAULTS])
        await self._check_source(shape, cells, draft.source.department, by)
        revision = Revision(kind=RevisionKind.confidentiality, reason=draft.reason)
        row = self._row(shape, draft, print_, by, False, revision)
        await self._take(shape, row, cells, present, {cell.key: present[cell.place][0] for cell in cells})
        self._tell(row, by, sorted({_code(shape, INDICATOR, cell.codes) or "" for cell in cells} - {""}))
        return row

    async def _check_source(self, shape: Shape, cells: list[Cell], department: str, by: Actor) -> None:
        """One value has one source: the indicator's department states it, and nobody in its place."""
        sources = {code: row.department for code, row in (await self._indicators(shape)).items()}
        named = {_code(shape, INDICATOR, cell.codes) or "" for cell in cells}
        foreign = sorted(code for code in named if sources.get(code, department) != department)
        if foreign:
            raise NotTheSource(errors=[wrong("/body/source", "other-source", (one, one)) for one in foreign[:50]])
        not_anothers(department, by)

    async def _earlier(self, shape: Shape, release: str, print_: bytes) -> ReleaseRow | None:
        row = await self.work.session.scalar(
            select(ReleaseRow).where(ReleaseRow.flow == shape.ref, ReleaseRow.release == release)
        )
        if row is not None and bytes(row.fingerprint) != print_:
            raise ReleaseUsedOtherwise()
        return row

    async def _present(self, shape: Shape, periods: list[str]) -> dict[Place, tuple[UUID, Cell]]:
        rows = await self.registry.vintages.present(shape.ref, periods)
        return {
            (key, text): (series, Cell(key, tuple(codes), period(text), value, status, conf, attributes, hidden))
            for series, key, codes, text, value, status, conf, hidden, attributes in rows
        }

    async def _series(self, shape: Shape, cells: list[Cell], draft: ReleaseDraft) -> dict[str, UUID]:
        indicators = await self._indicators(shape)
        wanted: dict[str, tuple[UUID, list[str], str]] = {}
        known = {one["id"] for one in shape.attributes if one["level"] == Level.series}
        for cell in cells:
            if cell.key in wanted:
                continue
            row = indicators.get(_code(shape, INDICATOR, cell.codes) or "")
            said = {} if row is None else {
                "UNIT_MEASURE": row.unit, "UNIT_MULT": str(row.unit_mult), "DECIMALS": str(row.decimals),
                "TITLE": f"{row.name_zh} {row.name_en}",
            }  # fmt: skip
            attributes = {name: text for name, text in said.items() if name in known}
            attributes |= draft.series_attributes.get(cell.key, {})
            wanted[cell.key] = (new_id(), list(cell.codes), json.dumps(attributes, ensure_ascii=False))
        return await self.registry.vintages.series_ids(shape.ref, wanted)

    async def _indicators(self, shape: Shape) -> dict[str, IndicatorRow]:
        rows = await self.work.session.scalars(select(IndicatorRow).where(IndicatorRow.flow == shape.ref))
        return {row.code: row for row in rows}

    def _row(
        self, shape: Shape, draft: ReleaseDraft | ConfidentialityCorrection, print_: bytes, by: Actor, sample: bool,
        revision: Revision | None,
    ) -> ReleaseRow:  # fmt: skip
        last = shape.flow.data_changed_at
        now: datetime = self.work.clock.now()
        if last is not None and last >= now:
            now = last + timedelta(microseconds=1)  # vintages of a flow never share their instant
        return ReleaseRow(
            id=new_id(), flow=shape.ref, release=draft.release, released_at=now, department=draft.source.department,
            department_name=draft.source.department_name, batch=draft.source.batch,
            revision_kind=None if revision is None else revision.kind.value,
            reason=None if revision is None else revision.reason, fingerprint=print_, created=0, revised=0,
            unchanged=0, suppressed=0, sample=sample, recorded_by=by.reference,
        )  # fmt: skip

    async def _take(
        self, shape: Shape, row: ReleaseRow, cells: list[Cell], present: dict[Place, tuple[UUID, Cell]],
        series: dict[str, UUID],
    ) -> None:  # fmt: skip
        fresh = [cell for cell in cells if cell.place not in present]
        changed = [cell for cell in cells if cell.place in present and not cell.says(present[cell.place][1])]
        if changed and row.reason is None:
            raise RevisionNeedsReason(
                errors=[
                    wrong(
                        "/body/revision", "missing", (f"已发布：{c.key} {c.span.text}", "Published with another value")
                    )
                    for c in changed[:MOST_FAULTS]
                ]
            )
        after = {place: cell for place, (_, cell) in present.items()} | {
            cell.place: cell for cell in [*fresh, *changed]
        }
        hidden = await self._hidden(shape, after, present)
        stated = {cell.place for cell in [*fresh, *changed]}
        ids = {place: one for place, (one, _) in present.items()}
        writes = []
        for place, cell in after.items():
            before = present[place][1].secondary if place in present else False
            if place in stated or (place in hidden) != before:
                row.suppressed += (place in hidden) != before
                one = replace(cell, secondary=place in hidden)
                writes.append(_written(ids.get(place) or series[cell.key], one, row.id))
        row.created, row.revised = len(fresh), len(changed)
        row.unchanged = len(cells) - len(fresh) - len(changed)
        self.work.session.add(row)
        shape.flow.data_changed_at = row.released_at
        await self.work.session.flush()
        await self.registry.vintages.write(writes, row.released_at)

    async def _hidden(
        self, shape: Shape, after: dict[Place, Cell], present: dict[Place, tuple[UUID, Cell]]
    ) -> set[Place]:
        primary = {place for place, cell in after.items() if cell.conf_status != "F" and cell.value is not None}
        if not primary:
            return set()
        rates = {code for code, row in (await self._indicators(shape)).items() if not row.additive}
        already = {place for place, (_, cell) in present.items() if cell.secondary}
        groups = groups_of(shape, after, rates)
        values = {place: cell.value for place, cell in after.items() if cell.value is not None}
        return await run_in_threadpool(secondary, groups, values, primary, already)

    def _tell(self, row: ReleaseRow, by: Actor, indicators: list[str]) -> None:
        told = IndicatorsReleased(
            flow=row.flow, release=row.release, indicators=indicators[:1000], created=row.created, revised=row.revised,
            revision_reason=row.reason, released_at=row.released_at,
        )  # fmt: skip
        self.work.events.record(told, subject=row.flow)
        self.work.audit.note(
            stream=f"indicator-flow/{row.flow}", act="release", by=by,
            data={"release": row.release, "created": row.created, "revised": row.revised, "reason": row.reason},
        )  # fmt: skip


def _written(series: UUID, cell: Cell, release: UUID) -> tuple[Any, ...]:
    attributes = json.dumps(cell.attributes, ensure_ascii=False)
    return (
        series, cell.span.text, cell.span.start, cell.span.end, cell.value, cell.obs_status, cell.conf_status,
        cell.secondary, attributes, release,
    )  # fmt: skip


def _code(shape: Shape, dimension: str, codes: tuple[str, ...]) -> str | None:
    return codes[shape.dimensions.index(dimension)] if dimension in shape.dimensions else None


def groups_of(shape: Shape, cells: dict[Place, Cell], rates: set[str]) -> list[Group[Place]]:
    """The totals among cells: along each additive dimension a code that has children there, with those children."""
    groups: list[Group[Place]] = []
    for dimension in shape.flow.document["additive"]:
        position = shape.dimensions.index(dimension)
        codes = shape.codes(dimension) or {}
        parts: dict[Place, list[Place]] = {}
        for place, cell in cells.items():
            parent = codes.get(cell.codes[position], {}).get("parent")
            if parent is None or cell.value is None or _code(shape, INDICATOR, cell.codes) in rates:
                continue
            above = ".".join([*cell.codes[:position], parent, *cell.codes[position + 1 :]])
            total = cells.get((above, cell.span.text))
            if total is not None and total.value is not None:
                parts.setdefault(total.place, []).append(place)
        groups += [(total, tuple(members)) for total, members in parts.items()]
    return groups


def _spans(texts: list[str], pointer: str) -> list[Span]:
    spans, faults = [], []
    for n, text in enumerate(texts):
        try:
            spans.append(period(text))
        except BadPeriod:
            faults.append(_bad_period(f"{pointer}/{n}/period"))
    if faults:
        raise BadObservations(errors=faults[:MOST_FAULTS])
    return spans


def _bad_period(pointer: str) -> FieldError:
    return wrong(pointer, "bad-period", ("时期格式不正确，如 2025-Q3", "Not a period, as 2025-Q3 is one"))


def checked(shape: Shape, draft: ReleaseDraft) -> list[Cell]:
    """The cells of a release, each checked against the structure. Raises BadObservations with the first faults."""
    codes = [shape.codes(name) or {} for name in shape.dimensions]
    faults: list[FieldError] = []
    cells: dict[Place, Cell] = {}
    checks = _Checks(shape, codes)
    for n, one in enumerate(draft.observations):
        try:
            cell = checks.cell(one, f"/body/observations/{n}")
        except _Fault as fault:
            faults.append(fault.error)
        else:
            if cell.place in cells:
                said = ("与前面的观测值重复", "The same key and period stand before")
                faults.append(wrong(f"/body/observations/{n}", "duplicate", said))
            cells[cell.place] = cell
        if len(faults) >= MOST_FAULTS:
            break
    faults += checks.series_faults(draft, {cell.key for cell in cells.values()})
    if faults:
        raise BadObservations(errors=faults[:MOST_FAULTS])
    return list(cells.values())


class _Fault(Exception):
    def __init__(self, error: FieldError) -> None:
        super().__init__(error.code)
        self.error = error


class _Checks:
    """The checks of one release, with what they need looked up once."""

    def __init__(self, shape: Shape, codes: list[dict[str, Any]]) -> None:
        self._codes = codes
        self._names = shape.dimensions
        self._freq = shape.dimensions.index(FREQ) if FREQ in shape.dimensions else None
        self._attributes = {one["id"]: (one["level"], shape.codes(one["id"])) for one in shape.attributes}
        self._statuses = {name: shape.codes(name) for name in ("OBS_STATUS", "CONF_STATUS")}

    def cell(self, one: ObservationDraft, pointer: str) -> Cell:
        """The cell that an observation states. Raises _Fault."""
        try:
            codes = key_of(one.key, len(self._codes))
        except BadKey:
            said = (f"键应为 {'.'.join(self._names)}", "The key does not fit the dimensions")
            raise _Fault(wrong(f"{pointer}/key", "bad-key", said)) from None
        for name, code, known in zip(self._names, codes, self._codes, strict=True):
            if code not in known:
                raise _Fault(wrong(f"{pointer}/key", "unknown-code", (f"{name} 没有代码 {code}", "Unknown code")))
        try:
            span = period(one.period)
        except BadPeriod:
            raise _Fault(_bad_period(f"{pointer}/period")) from None
        if self._freq is not None and codes[self._freq] != span.freq:
            said = (f"时期与频率 {codes[self._freq]} 不符", "The period is not of the key's frequency")
            raise _Fault(wrong(f"{pointer}/period", "wrong-frequency", said))
        for name, code in (("OBS_STATUS", one.obs_status), ("CONF_STATUS", one.conf_status)):
            listed = self._statuses[name]
            if listed is not None and code not in listed:
                raise _Fault(wrong(f"{pointer}/{name.lower()}", "unknown-code", (f"没有代码 {code}", "Unknown code")))
        self._check_attributes(one.attributes, Level.observation, f"{pointer}/attributes")
        value = one.value
        return Cell(".".join(codes), codes, span, value, one.obs_status, one.conf_status, dict(one.attributes))

    def _check_attributes(self, given: dict[str, str], level: Level, pointer: str) -> None:
        for name, text in given.items():
            known = self._attributes.get(name)
            if known is None or known[0] != level:
                raise _Fault(wrong(f"{pointer}/{name}", "unknown", ("结构中没有该属性", "No such attribute here")))
            if known[1] is not None and text not in known[1]:
                raise _Fault(wrong(f"{pointer}/{name}", "unknown-code", (f"没有代码 {text[:40]}", "Unknown code")))

    def series_faults(self, draft: ReleaseDraft, keys: set[str]) -> list[FieldError]:
        """What is wrong with the attributes of series."""
        faults = []
        for key, attributes in draft.series_attributes.items():
            pointer = f"/body/series_attributes/{key[:80]}"
            if key not in keys:
                faults.append(wrong(pointer, "unknown", ("本次发布没有该序列", "The release has no such series")))
                continue
            try:
                self._check_attributes(attributes, Level.series, pointer)
            except _Fault as fault:
                faults.append(fault.error)
        return faults


async def releases(work: WorkInRequest) -> Releases:
    """The releases of this request."""
    return Releases(work)


ReleasesInRequest = Annotated[Releases, Depends(releases)]
