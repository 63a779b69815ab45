"""The acts on cases: check the rule, change the row, keep the step, say what happened."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from city_ops.cases import repository
from city_ops.cases.album import Album
from city_ops.cases.domain import TOLD, Limit, LimitUnit, Outcome, PhotoPurpose, SourceKind, is_independent
from city_ops.cases.errors import (
    ExtensionAsked,
    NoExtensionAsked,
    OtherDepartment,
    OwnWork,
    UnknownClass,
    UnknownDepartment,
)
from city_ops.cases.models import CaseRow, ExtensionRow
from city_ops.cases.schemas import (
    Case,
    CaseSummary,
    Extension,
    ExtensionDecision,
    ExtensionDraft,
    Filing,
    Handling,
    PhotoInfo,
    Step,
    Verification,
)
from city_ops.cases.standards import classes
from city_ops.cases.steps import Steps, due_or_none
from city_ops.clients import gov_collab
from citykit.access import Actor
from citykit.ids import new_id
from citykit.problems import FieldError, Invalid
from citykit.work import Work

LOCATE = "city-ops.cases.locate"
PURPOSE = "办理城市管理案件 Handling a city-management case"
LEGAL_BASIS = "《中华人民共和国个人信息保护法》第十三条第一款第三项 PIPL art. 13(1)(3)"
RECORD = "城市管理案件 City-management case"
# What a citizen reads of each field in her access log; a read of a field that is not here fails.
FIELD_WORDS = {
    "title": "标题 Title",
    "description": "描述 Description",
    "location": "位置 Place",
    "address": "地址 Address",
    "photos": "照片 Photographs",
}


class Cases:
    """The acts on cases within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.steps = Steps(work)
        self.album = Album(work)

    async def read(self, case: CaseRow, *, by: Actor) -> Case:
        """A case with all that belongs to it; a citizen finds her reader in the access log."""
        self.log_read(case, by, ("title", "description", "location", "address", "photos"))
        inside = repository.is_inside(by, case)
        session = self.work.session
        steps = await session.scalars(repository.trail_of(case.id))
        trail = [Step.of(row, TOLD[row.act], inside=inside) for row in steps]
        photos = [PhotoInfo.of(row) for row in await session.scalars(repository.photos_of(case.id))]
        asked = await session.scalars(repository.extensions_of(case.id)) if inside else ()
        return Case.with_all(case, trail, photos, [Extension.of(row) for row in asked])

    def log_read(self, case: CaseRow, by: Actor, fields: Sequence[str]) -> None:
        """Note that `by` read what a citizen reported. A patrol reports on duty: that is nobody's private matter."""
        if case.reporter is not None and case.source_kind != SourceKind.patrol:
            self.work.access.read(
                person=f"sub:{case.reporter}", by=by, action="查看案件 Read a case", fields=fields, purpose=PURPOSE,
                legal_basis=LEGAL_BASIS, record=RECORD, said={name: FIELD_WORDS[name] for name in fields},
                matter=f"案件 Case {case.number}",
            )  # fmt: skip

    async def accept(self, case: CaseRow, *, note: str | None, by: Actor) -> CaseSummary:
        """Accept a case 受理. Its division is looked up afterwards by a job, so that acceptance waits for nobody."""
        await self.steps.move(case, "accept", by, note=note)
        if case.division_code is None and case.longitude is not None:
            self.work.jobs.defer(LOCATE, lock=f"case/{case.id}", case_id=str(case.id))
        return CaseSummary.of(case)

    async def file(self, case: CaseRow, filing: Filing, *, by: Actor) -> CaseSummary:
        """File a case 立案 under a class and one of its conditions. Raises 422 `unknown-class`."""
        known = classes().classes.get(filing.class_code)
        if known is None or known.standard(filing.standard) is None:
            field = "class_code" if known is None else "standard"
            raise UnknownClass(errors=[FieldError(pointer=f"/body/{field}", code="unknown", message="not in the pack")])
        case.class_code, case.standard = filing.class_code, filing.standard
        case.class_version = f"{classes().pack} {classes().version}"
        await self.steps.move(case, "file", by, note=filing.note, data={"class": filing.class_code})
        return CaseSummary.of(case)

    async def dispatch(self, case: CaseRow, *, department_code: str, note: str | None, by: Actor) -> CaseSummary:
        """Dispatch a case to a department 派遣. Raises 422 `unknown-department`, 503 while gov-collab is down."""
        self.steps.reach(case, "dispatch")
        department = await gov_collab.department(self.work.mesh, department_code)
        if department is None:
            pointer = FieldError(pointer="/body/department_code", code="unknown", message="no such department")
            raise UnknownDepartment(errors=[pointer])
        case.department_code, case.department_name = department.code, department.name
        await self.steps.move(case, "dispatch", by, note=note, data={"department": department.code})
        return CaseSummary.of(case)

    async def send_back(self, case: CaseRow, *, reason: str, by: Actor) -> CaseSummary:
        """The department sends a case back that is not its own 退回."""
        self._own(case, by)
        await self.steps.move(case, "send_back", by, note=reason, data={"department": case.department_code})
        case.department_code = case.department_name = None
        return CaseSummary.of(case)

    async def handle(self, case: CaseRow, handling: Handling, *, by: Actor) -> CaseSummary:
        """The department says what it did 处置, with photos."""
        self._own(case, by)
        case.result, case.handled_at = handling.result, self.work.clock.now()
        case.handlers = sorted({*case.handlers, by.reference})
        await self.steps.move(case, "handle", by, note=handling.result)
        await self.album.attach(case.id, handling.photos, PhotoPurpose.result, by)
        return CaseSummary.of(case)

    async def verify(self, case: CaseRow, verification: Verification, *, by: Actor) -> CaseSummary:
        """Judge the work of others 核查: passed, or rework 返工 with a note. Raises 403 `own-work`."""
        act = "verify" if verification.passed else "rework"
        self.steps.reach(case, act)
        self._independent(case, by)
        if not verification.passed and verification.note is None:
            wanted = FieldError(pointer="/body/note", code="missing", message="say why 请说明返工原因")
            raise Invalid(errors=[wanted])
        if verification.passed:
            case.verified_at = self.work.clock.now()
        await self.steps.move(case, act, by, note=verification.note)
        await self.album.attach(case.id, verification.photos, PhotoPurpose.verification, by)
        return CaseSummary.of(case)

    async def close(self, case: CaseRow, *, outcome_text: str, by: Actor) -> CaseSummary:
        """Close a verified case 结案; the words go to the citizen. Raises 403 `own-work`."""
        self.steps.reach(case, "close")
        self._independent(case, by)
        return await self._end(case, "close", Outcome.resolved, outcome_text, by)

    async def reject(self, case: CaseRow, *, outcome_text: str, by: Actor) -> CaseSummary:
        """Refuse a case before it is filed 不予受理、不予立案; the words go to the citizen."""
        return await self._end(case, "reject", Outcome.rejected, outcome_text, by)

    async def void(self, case: CaseRow, *, outcome_text: str, by: Actor) -> CaseSummary:
        """End a case that should not be one 作废, at any stage; the words go to the citizen."""
        return await self._end(case, "void", Outcome.void, outcome_text, by)

    async def ask_extension(self, case: CaseRow, draft: ExtensionDraft, *, by: Actor) -> Extension:
        """The department asks for more time 延期申请. Raises 409 `extension-asked`."""
        self._own(case, by)
        self.steps.reach(case, "extend")
        if await self._asked(case.id) is not None:
            raise ExtensionAsked()
        row = ExtensionRow(
            id=new_id(), case_id=case.id, amount=draft.amount, unit=draft.unit.value, reason=draft.reason,
            state="asked", asked_by=by.reference, asked_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.session.add(row)
        self.steps.note(case, "ask-extension", by, {"amount": draft.amount, "unit": draft.unit.value})
        return Extension.of(row)

    async def decide_extension(self, case: CaseRow, decision: ExtensionDecision, *, by: Actor) -> CaseSummary:
        """The desk grants or refuses an extension; granted time is added to the later of now and the running limit."""
        row = await self._asked(case.id)
        if row is None:
            raise NoExtensionAsked()
        now = self.work.clock.now()
        row.state = "granted" if decision.granted else "refused"
        row.decided_by, row.decided_at, row.note = by.reference, now, decision.note
        if decision.granted:
            base = max(now, case.due_at) if case.due_at is not None else now
            due_at = due_or_none(self.work.calendar, base, Limit(row.amount, LimitUnit(row.unit)))
            await self.steps.move(case, "extend", by, note=decision.note, due_at=due_at)
        else:
            self.steps.note(case, "refuse-extension", by, {})
        return CaseSummary.of(case)

    async def _asked(self, case_id: UUID) -> ExtensionRow | None:
        asked = select(ExtensionRow).where(ExtensionRow.case_id == case_id, ExtensionRow.state == "asked")
        return (await self.work.session.scalars(asked)).one_or_none()

    async def _end(self, case: CaseRow, act: str, outcome: Outcome, outcome_text: str, by: Actor) -> CaseSummary:
        self.steps.reach(case, act)
        case.outcome, case.outcome_text, case.closed_at = outcome.value, outcome_text, self.work.clock.now()
        await self.steps.move(case, act, by, note=outcome_text, data={"outcome": outcome.value})
        return CaseSummary.of(case)

    def _own(self, case: CaseRow, by: Actor) -> None:
        if case.department_code is None or by.department != case.department_code:
            raise OtherDepartment()

    def _independent(self, case: CaseRow, by: Actor) -> None:
        if not is_independent(by.reference, case.handlers):
            raise OwnWork()
