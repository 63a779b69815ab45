"""The acts on structures and indicators, and the reads that people and other slices ask for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from citykit.actors import Actor, ActorKind
from citykit.problems import FieldError, TooLarge
from citykit.work import Work, WorkInRequest
from data_hub.registries.macro_economy.domain import Ref, reference
from data_hub.registries.macro_economy.errors import (
    BadStructure,
    IndicatorExists,
    NoIndicator,
    NoStructure,
    NotTheSource,
    StructureExists,
    wrong,
)
from data_hub.registries.macro_economy.models import ArtefactRow, IndicatorRow
from data_hub.registries.macro_economy.repository import (
    CODELIST,
    CONCEPTS,
    FLOW,
    STRUCTURE,
    Cells,
    Seen,
    Structures,
    Vintages,
)
from data_hub.registries.macro_economy.schemas import (
    Artefact,
    CodeDraft,
    Codelist,
    ConceptScheme,
    Dataflow,
    DataStructure,
    IndicatorDraft,
    StructureMade,
)

TIME, VALUE, FREQ, INDICATOR, AREA = "TIME_PERIOD", "OBS_VALUE", "FREQ", "INDICATOR", "REF_AREA"
MOST_CELLS = 100_000  # observations in one answer; more is refused, ask for less with a key or periods
_PACKAGES = {CODELIST: "codelist.Codelist", CONCEPTS: "conceptscheme.ConceptScheme"} | {
    STRUCTURE: "datastructure.DataStructure", FLOW: "datastructure.Dataflow",
}  # fmt: skip
_KINDS: dict[type[Artefact], str] = {
    Codelist: CODELIST, ConceptScheme: CONCEPTS, DataStructure: STRUCTURE, Dataflow: FLOW,
}  # fmt: skip


def urn(kind: str, ref: Ref) -> str:
    """The artefact's name in the world."""
    return f"urn:sdmx:org.sdmx.infomodel.{_PACKAGES[kind]}={ref}"


@dataclass(frozen=True)
class Shape:
    """A flow with its structure and the codes of each dimension, as documents."""

    flow: ArtefactRow
    structure: ArtefactRow
    codelists: dict[str, dict[str, Any]]

    @property
    def ref(self) -> str:
        """The flow's reference."""
        return self.flow.ref

    @property
    def dimensions(self) -> list[str]:
        """The dimensions of a key, in order; time is not among them."""
        return [one["id"] for one in self.structure.document["dimensions"]]

    @property
    def attributes(self) -> list[dict[str, Any]]:
        """The attributes."""
        found: list[dict[str, Any]] = self.structure.document["attributes"]
        return found

    def codes(self, component: str) -> dict[str, dict[str, Any]] | None:
        """The codes of a component by id; None where it has no code list."""
        for one in [*self.structure.document["dimensions"], *self.attributes]:
            if one["id"] == component and one.get("codelist"):
                return {code["id"]: code for code in self.codelists[one["codelist"]]["codes"]}
        return None


class MacroEconomy:
    """The macro-economy registry within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.structures = Structures(work)
        self.vintages = Vintages(work)

    async def make(self, draft: Artefact, *, by: Actor, sample: bool = False) -> StructureMade:
        """Take a structure. Raises BadStructure where it refers to what is not there, StructureExists."""
        kind = _KINDS[type(draft)]
        faults = await self._faults(draft)
        if faults:
            raise BadStructure(errors=faults)
        made = await self.work.session.scalar(
            upsert(ArtefactRow)
            .values(
                kind=kind, agency=draft.agency, id=draft.id, version=draft.version, sample=sample,
                document=draft.model_dump(mode="json", exclude={"agency", "id", "version"}),
                maintained_by=by.reference, changed_at=self.work.clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(ArtefactRow.id)
        )  # fmt: skip
        if made is None:
            raise StructureExists()
        self.work.audit.note(
            stream=f"indicator-structure/{kind}/{draft.ref}", act="define", by=by, data={"name": draft.name.zh}
        )
        return StructureMade(kind=kind, reference=str(draft.ref), urn=urn(kind, draft.ref))

    async def _faults(self, draft: Artefact) -> list[FieldError]:
        if isinstance(draft, Codelist):
            return code_faults(draft.codes, set())
        if isinstance(draft, ConceptScheme):
            return _twice([concept.id for concept in draft.concepts], "/body/concepts")
        if isinstance(draft, DataStructure):
            return await self._structure_faults(draft)
        assert isinstance(draft, Dataflow)
        row = await self.structures.one(STRUCTURE, reference(draft.structure))
        if row is None:
            return [wrong("/body/structure", "unknown", ("没有该数据结构", "There is no such data structure"))]
        known = {one["id"] for one in row.document["dimensions"]}
        return [
            wrong(f"/body/additive/{n}", "unknown", ("不是该结构的维度", "The structure has no such dimension"))
            for n, name in enumerate(draft.additive)
            if name not in known
        ]

    async def _structure_faults(self, draft: DataStructure) -> list[FieldError]:
        names = [one.id for one in draft.dimensions] + [one.id for one in draft.attributes] + [TIME, VALUE]
        faults = _twice(names, "/body/dimensions")
        scheme = await self.structures.one(CONCEPTS, reference(draft.concepts))
        if scheme is None:
            return [*faults, wrong("/body/concepts", "unknown", ("没有该概念体系", "There is no such concept scheme"))]
        known = {one["id"] for one in scheme.document["concepts"]}
        said = ("概念体系中没有此概念", "The concept scheme has no such concept")
        faults += [wrong("/body/concepts", "no-concept", (f"{said[0]}：{n}", said[1])) for n in names if n not in known]
        listed = [(f"/body/dimensions/{n}/codelist", d.codelist) for n, d in enumerate(draft.dimensions)]
        listed += [(f"/body/attributes/{n}/codelist", a.codelist) for n, a in enumerate(draft.attributes) if a.codelist]
        for pointer, name in listed:
            if await self.structures.one(CODELIST, reference(name)) is None:
                faults.append(wrong(pointer, "unknown", ("没有该代码表", "There is no such code list")))
        return faults

    async def add_codes(self, ref: Ref, codes: list[CodeDraft], *, by: Actor) -> StructureMade:
        """Add codes to a list; what it has stays. Raises NoStructure, BadStructure."""
        row = await self.structures.one(CODELIST, ref, lock=True)
        if row is None:
            raise NoStructure()
        known = {code["id"] for code in row.document["codes"]}
        faults = code_faults(codes, known)
        if faults:
            raise BadStructure(errors=faults)
        added = [code.model_dump(mode="json") for code in codes]
        row.document = row.document | {"codes": [*row.document["codes"], *added]}
        row.changed_at = self.work.clock.now()
        await self.work.session.flush()
        self.work.audit.note(
            stream=f"indicator-structure/{CODELIST}/{ref}", act="add-codes", by=by, data={"codes": len(added)}
        )
        return StructureMade(kind=CODELIST, reference=str(ref), urn=urn(CODELIST, ref))

    async def shape(self, ref: Ref, *, lock: bool = False) -> Shape:
        """A flow with all that its data need. Raises NoStructure."""
        flow = await self.structures.one(FLOW, ref, lock=lock)
        if flow is None:
            raise NoStructure()
        structure = await self.structures.one(STRUCTURE, reference(flow.document["structure"]))
        assert structure is not None  # a flow is made on a structure, and none is ever removed
        lists: dict[str, dict[str, Any]] = {}
        for one in [*structure.document["dimensions"], *structure.document["attributes"]]:
            name = one.get("codelist")
            if name and name not in lists:
                row = await self.structures.one(CODELIST, reference(name))
                assert row is not None  # likewise
                lists[name] = row.document
        return Shape(flow, structure, lists)

    async def define(self, draft: IndicatorDraft, *, by: Actor, sample: bool = False) -> IndicatorRow:
        """Define an indicator: its code joins the list of its flow.

        Raises NoStructure, BadStructure, NotTheSource, IndicatorExists.
        """
        not_anothers(draft.department, by)
        shape = await self.shape(reference(draft.flow))
        dimension = next((d for d in shape.structure.document["dimensions"] if d["id"] == INDICATOR), None)
        if dimension is None:
            raise BadStructure(
                errors=[
                    wrong("/body/flow", "no-indicator", ("该数据流没有指标维度", "The flow has no dimension INDICATOR"))
                ]
            )
        units = shape.codes("UNIT_MEASURE")
        if units is not None and draft.unit not in units:
            raise BadStructure(errors=[wrong("/body/unit", "unknown", ("没有该计量单位", "There is no such unit"))])
        fresh = await self.work.session.scalar(
            upsert(IndicatorRow)
            .values(
                name_zh=draft.name.zh, name_en=draft.name.en, sample=sample, defined_at=self.work.clock.now(),
                **draft.model_dump(exclude={"name", "parent"}),
            )
            .on_conflict_do_nothing()
            .returning(IndicatorRow.code)
        )  # fmt: skip
        if fresh is None:
            raise IndicatorExists()
        if draft.code not in (shape.codes(INDICATOR) or {}):
            code = CodeDraft(id=draft.code, name=draft.name, parent=draft.parent)
            await self.add_codes(reference(dimension["codelist"]), [code], by=by)
        self.work.audit.note(stream=f"indicator/{draft.code}", act="define", by=by, data={"flow": draft.flow})
        return await self.indicator(draft.code)

    async def indicator(self, code: str) -> IndicatorRow:
        """An indicator. Raises NoIndicator."""
        row = await self.work.session.scalar(select(IndicatorRow).where(IndicatorRow.code == code))
        if row is None:
            raise NoIndicator()
        return row

    async def of_indicator(
        self, row: IndicatorRow, cells: "Wanted", *, may_see: bool
    ) -> tuple[list[str], list[Seen], Shape]:
        """The dimensions of an indicator's flow, and its observations as the reader may see them. Raises TooLarge."""
        shape = await self.shape(reference(row.flow))
        wanted = {INDICATOR: [row.code]}
        if cells.area is not None:
            wanted[AREA] = [cells.area]
        if cells.freq is not None:
            wanted[FREQ] = [cells.freq]
        codes = [wanted.get(name) for name in shape.dimensions]
        asked = Cells(
            row.flow, codes, start=cells.start, end=cells.end, as_of=cells.as_of, history=cells.history, may_see=may_see
        )
        if await self.vintages.count(asked, MOST_CELLS) > MOST_CELLS:
            raise TooLarge(
                (f"超过 {MOST_CELLS} 个观测值，请缩小范围", f"More than {MOST_CELLS} observations; ask for less")
            )
        return shape.dimensions, await self.vintages.seen(asked), shape


@dataclass(frozen=True)
class Wanted:
    """Which observations of an indicator are wanted."""

    area: str | None = None
    freq: str | None = None
    start: Any = None
    end: Any = None
    as_of: datetime | None = None
    history: bool = False


def not_anothers(department: str, by: Actor) -> None:
    """Refuse a person or program that states what is another department's. Raises NotTheSource."""
    if by.kind is not ActorKind.service and by.department != department:
        raise NotTheSource()


def _twice(names: list[str], pointer: str) -> list[FieldError]:
    return [
        wrong(pointer, "twice", (f"重复：{name}", "It stands twice"))
        for name in sorted({name for name in names if names.count(name) > 1})
    ]


def code_faults(codes: list[CodeDraft], known: set[str]) -> list[FieldError]:
    """What is wrong with codes that join `known`: twice the same, a parent that is not there, or that is its own."""
    faults: list[FieldError] = []
    mine = set(known)
    for n, code in enumerate(codes):
        if code.id in mine:
            faults.append(wrong(f"/body/codes/{n}/id", "twice", ("代码重复", "The code stands twice")))
        if code.parent is not None and code.parent not in mine:
            faults.append(wrong(f"/body/codes/{n}/parent", "unknown", ("上级代码须在前面", "A parent comes first")))
        mine.add(code.id)
    return faults[:50]


async def macro_economy(work: WorkInRequest) -> MacroEconomy:
    """The registry of this request."""
    return MacroEconomy(work)


MacroEconomyInRequest = Annotated[MacroEconomy, Depends(macro_economy)]
