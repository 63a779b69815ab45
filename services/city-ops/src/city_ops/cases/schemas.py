"""Cases on the wire."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from city_ops.cases.domain import STAGES, CaseState, LimitUnit, Outcome, PhotoPurpose, SourceKind
from city_ops.cases.models import CaseRow, ExtensionRow, PhotoRow, TrailRow
from city_ops.cases.standards import CaseClass, ClassPack
from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, Point, ShortText, Wire

ClassCode = Annotated[str, StringConstraints(pattern=r"^[EC][0-9]{4}$")]
Code18 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{18}$")]
Photos = Annotated[list[UUID], Field(max_length=6, description="Ids of photos that the caller uploaded before")]


class CaseDraft(Wire):
    """A report 上报: what, where, and photos uploaded before. The class is the reporter's guess; the desk decides."""

    title: ShortText
    description: LongText
    location: Point
    address: ShortText | None = None
    class_code: ClassCode | None = None
    photos: Photos = Field(default_factory=list)


class Note(Wire):
    """An act with a remark that stays inside."""

    note: LongText | None = None


class Reason(Wire):
    """An act that needs a reason inside the administration."""

    reason: LongText


class Ending(Wire):
    """The end of a case in words for the citizen."""

    outcome_text: LongText


class Filing(Wire):
    """Filing 立案: the class, and by which of its conditions."""

    class_code: ClassCode
    standard: Annotated[StrictInt, Field(ge=1, le=99)] = 1
    note: LongText | None = None


class Dispatch(Wire):
    """Dispatch 派遣 to the department in charge."""

    department_code: Code18
    note: LongText | None = None


class Handling(Wire):
    """What was done 处置结果, with photos."""

    result: LongText
    photos: Photos = Field(default_factory=list)


class Verification(Wire):
    """The judgement of somebody who did not do the work 核查; not passed means rework 返工 and needs a note."""

    passed: StrictBool
    note: LongText | None = None
    photos: Photos = Field(default_factory=list)


class ExtensionDraft(Wire):
    """Asking for more time 延期申请."""

    amount: Annotated[StrictInt, Field(ge=1, le=240)]
    unit: LimitUnit
    reason: LongText


class ExtensionDecision(Wire):
    """The desk's decision on an extension."""

    granted: StrictBool
    note: LongText | None = None


class PhotoInfo(Wire):
    """A photo without its content; the content is under `…/photos/{id}`."""

    id: UUID
    purpose: PhotoPurpose | None
    media_type: str
    width: int
    height: int
    uploaded_at: Instant

    @classmethod
    def of(cls, row: PhotoRow) -> "PhotoInfo":
        """The photo that a row holds."""
        return cls.model_construct(
            id=row.id,
            purpose=None if row.purpose is None else PhotoPurpose(row.purpose),
            media_type=row.media_type,
            width=row.width,
            height=row.height,
            uploaded_at=row.uploaded_at,
        )


class CaseSummary(Wire):
    """A case without the words and the place of its reporter: what lists and acts answer."""

    id: UUID
    number: str
    state: CaseState
    stage: str | None = Field(description="The stage that waits now, whose clock `due_at` is")
    outcome: Outcome | None
    source_kind: SourceKind
    source_number: str | None
    title: str
    class_code: str | None
    standard: int | None
    division_code: str | None
    department_code: str | None
    department_name: str | None
    reported_at: Instant
    stage_started_at: Instant
    due_at: Instant | None = Field(description="Null where nothing waits or the working calendar ends before")
    closed_at: Instant | None

    @classmethod
    def of(cls, row: CaseRow) -> "CaseSummary":
        """The summary of a row."""
        return cls.model_construct(None, **_summary(row))


def _summary(row: CaseRow) -> dict[str, Any]:
    names = CaseSummary.model_fields.keys() - {"state", "stage", "outcome", "source_kind"}
    state = CaseState(row.state)
    return {name: getattr(row, name) for name in names} | {
        "state": state,
        "stage": STAGES.get(state),
        "outcome": None if row.outcome is None else Outcome(row.outcome),
        "source_kind": SourceKind(row.source_kind),
    }


class Step(Wire):
    """A step in the trail. Who took it and the remark are shown to officials alone."""

    act: str
    said: str
    from_state: CaseState | None
    to_state: CaseState
    at: Instant
    by: str | None
    department_code: str | None
    note: str | None
    stage_due_at: Instant | None
    in_time: bool | None

    @classmethod
    def of(cls, row: TrailRow, said: str, *, inside: bool) -> "Step":
        """The step that a row holds, as an official (`inside`) or the reporter may see it."""
        return cls.model_construct(
            act=row.act,
            said=said,
            from_state=None if row.from_state is None else CaseState(row.from_state),
            to_state=CaseState(row.to_state),
            at=row.at,
            by=row.by if inside else None,
            department_code=row.department_code,
            note=row.note if inside else None,
            stage_due_at=row.stage_due_at,
            in_time=row.in_time,
        )


class Extension(Wire):
    """An extension that was asked for, and what became of it."""

    id: UUID
    amount: int
    unit: LimitUnit
    reason: str
    state: str
    asked_at: Instant
    decided_at: Instant | None
    note: str | None

    @classmethod
    def of(cls, row: ExtensionRow) -> "Extension":
        """The extension that a row holds."""
        return cls.model_construct(
            None, unit=LimitUnit(row.unit), **{n: getattr(row, n) for n in cls.model_fields if n != "unit"}
        )


class Case(CaseSummary):
    """A case with all that belongs to it. Who is neither its reporter nor at work on it finds none."""

    description: str
    location: Point | None
    address: str | None
    division_name: str | None
    source_reference: UUID | None
    source_due_at: Instant | None
    result: str | None
    outcome_text: str | None
    handled_at: Instant | None
    verified_at: Instant | None
    trail: list[Step]
    photos: list[PhotoInfo]
    extensions: list[Extension]

    @classmethod
    def with_all(cls, row: CaseRow, trail: list[Step], photos: list[PhotoInfo], extensions: list[Extension]) -> "Case":
        """The case that a row and its dependants hold."""
        plain = ("description", "address", "division_name", "source_reference", "source_due_at", "result")
        more = ("outcome_text", "handled_at", "verified_at")
        point = None
        if row.longitude is not None and row.latitude is not None:
            point = Point.model_construct(longitude=row.longitude, latitude=row.latitude)
        return cls.model_construct(
            None,
            **_summary(row),
            **{name: getattr(row, name) for name in (*plain, *more)},
            location=point,
            trail=trail,
            photos=photos,
            extensions=extensions,
        )


class CaseFilter(PageQuery):
    """Which of the cases that the caller may see, newest first."""

    state: CaseState | None = None
    class_code: ClassCode | None = None
    division_code: Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$")] = None
    department_code: Code18 | None = None
    source_kind: SourceKind | None = None
    overdue: bool | None = None
    mine: Annotated[bool, Query(description="Only those that the caller reported")] = False


class ClassStandard(Wire):
    """A filing condition with its limit and closing condition."""

    number: int
    condition: str
    amount: int
    unit: LimitUnit
    closing: str


class ClassOfCases(Wire):
    """A minor class 小类 of events or components."""

    code: str
    kind: str
    major: str
    name: str = Field(description="The minor class 小类")
    grade: str
    standards: list[ClassStandard]

    @classmethod
    def of(cls, known: CaseClass) -> "ClassOfCases":
        """A class of the data pack."""
        standards = [
            ClassStandard(
                number=s.number, condition=s.condition, amount=s.limit.amount, unit=s.limit.unit, closing=s.closing
            )
            for s in known.standards
        ]
        return cls(
            code=known.code,
            kind=known.kind,
            major=known.major,
            name=known.minor,
            grade=known.grade,
            standards=standards,
        )


class Classification(Wire):
    """The classification in force, with its version and source."""

    pack: str
    version: str
    source: str
    items: list[ClassOfCases]

    @classmethod
    def of(cls, pack: ClassPack) -> "Classification":
        """The data pack."""
        known = [ClassOfCases.of(one) for one in pack.classes.values()]
        return cls(pack=pack.pack, version=pack.version, source=pack.source, items=known)
