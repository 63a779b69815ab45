"""How a case begins: a citizen's or a patrol's report, or a ticket of the hotline."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from city_ops.cases.album import Album
from city_ops.cases.domain import STAGES, CaseState, PhotoPurpose, SourceKind
from city_ops.cases.errors import UnknownClass
from city_ops.cases.events import CaseReported, TicketAssigned
from city_ops.cases.repository import PATROL, account
from city_ops.cases.schemas import CaseDraft, CaseSummary
from city_ops.cases.standards import classes, limit_of
from city_ops.cases.steps import due_or_none
from citykit.access import Actor
from citykit.actors import ActorKind
from citykit.clock import CHINA
from citykit.ids import new_id
from citykit.problems import FieldError
from citykit.work import Work

# The case, and its first step, which exists only where the case is new.
PARTS = """
fresh as (
  insert into cases (id, number, state, source_kind, source_reference, source_round, source_number, source_due_at,
    title, description, class_code, longitude, latitude, address, division_code, reporter, reported_by, reported_at,
    handlers, stage_started_at, due_at)
  values (%(id)s, %(number)s, 'reported', %(source_kind)s, %(source_reference)s, %(source_round)s, %(source_number)s,
    %(source_due_at)s, %(title)s, %(description)s, %(class_code)s, %(longitude)s, %(latitude)s, %(address)s,
    %(division_code)s, %(reporter)s, %(reported_by)s, %(now)s, '{}', %(now)s, %(due_at)s)
  on conflict (source_reference, source_round) where source_reference is not null do nothing
  returning number
), step as (
  insert into case_trail (id, case_id, act, to_state, at, by, due_at)
  select %(step)s, %(id)s, 'report', 'reported', %(now)s, %(reported_by)s, %(due_at)s from fresh
)
"""
REPORT = f"with {PARTS} select number from fresh"  # noqa: S608 - fixed texts
_BLOCK = 20
# Numbers this process took from the sequence and has not given yet. They are unique, and neither without gaps nor in
# the order of all reports: a number that had to be asked for each time would cost every report a round trip.
_numbers: list[int] = []


@dataclass(frozen=True)
class Report:
    """What a new case is made of, wherever it comes from."""

    source_kind: SourceKind
    title: str
    description: str
    reported_by: str
    reporter: UUID | None = None
    source_reference: UUID | None = None
    source_round: int | None = None
    source_number: str | None = None
    source_due_at: datetime | None = None
    class_code: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    address: str | None = None
    division_code: str | None = None


class Intake:
    """The beginning of cases within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def report(self, draft: CaseDraft, *, by: Actor) -> CaseSummary:
        """Report a case 上报, with photos that the reporter uploaded before.

        Raises 422 `unknown-class`, `photos-refused`.
        """
        if draft.class_code is not None and draft.class_code not in classes().classes:
            raise UnknownClass(errors=[FieldError(pointer="/body/class_code", code="unknown", message="unknown class")])
        patrols = by.may(PATROL) or by.kind is ActorKind.client
        report = Report(
            source_kind=SourceKind.patrol if patrols else SourceKind.citizen,
            title=draft.title,
            description=draft.description,
            reported_by=by.reference,
            reporter=account(by),
            class_code=draft.class_code,
            longitude=draft.location.longitude,
            latitude=draft.location.latitude,
            address=draft.address,
        )
        summary = await self._open(report, at_once=bool(draft.photos))
        assert summary is not None  # Only a hotline ticket can be known already.
        await Album(self.work).attach(summary.id, draft.photos, PhotoPurpose.report, by)
        return summary

    async def take_over(self, ticket: TicketAssigned, *, source: str) -> CaseSummary | None:
        """Make a case of a hotline ticket; None where this round of it is a case already."""
        place = ticket.location
        on_the_map = place is not None and _in_china(place.longitude, place.latitude)
        return await self._open(
            Report(
                source_kind=SourceKind.hotline,
                title=ticket.title[:200],
                description=ticket.text,
                reported_by=source,
                reporter=ticket.citizen,
                source_reference=ticket.ticket_id,
                source_round=ticket.round,
                source_number=ticket.number,
                source_due_at=ticket.due_at,
                longitude=place.longitude if place and on_the_map else None,
                latitude=place.latitude if place and on_the_map else None,
                address=place.address[:200] if place and place.address else None,
                division_code=ticket.division_code,
            ),
            at_once=True,
        )

    async def _open(self, report: Report, *, at_once: bool) -> CaseSummary | None:
        """Write a case; `at_once` where this transaction goes on to refer to it, or must know whether it is new."""
        now, case_id = self.work.clock.now(), new_id()
        number = f"CG{now.astimezone(CHINA):%Y%m%d}{await self._number():07d}"
        due_at = due_or_none(self.work.calendar, now, limit_of("accept", None, None))
        values = report.__dict__ | {
            "id": case_id, "number": number, "step": new_id(), "now": now, "due_at": due_at,
            "source_kind": report.source_kind.value,
        }  # fmt: skip
        if not at_once:
            self.work.stage(PARTS, values)
        elif await (await (await self.work.driver()).execute(REPORT, values, prepare=True)).fetchone() is None:
            return None
        event = CaseReported(
            case_id=case_id, number=number, source_kind=report.source_kind.value, title=report.title, reported_at=now,
            source_reference=report.source_reference, reporter=report.reporter,
        )  # fmt: skip
        self.work.events.record(event, subject=str(case_id))
        self.work.audit.note(
            stream=f"case/{case_id}", act="report", by=report.reported_by,
            data={"number": number, "source": report.source_kind.value},
        )  # fmt: skip
        state = CaseState.reported
        return CaseSummary(
            id=case_id, number=number, state=state, stage=STAGES[state], outcome=None, source_kind=report.source_kind,
            source_number=report.source_number, title=report.title, class_code=report.class_code, standard=None,
            division_code=report.division_code, department_code=None, department_name=None, reported_at=now,
            stage_started_at=now, due_at=due_at, closed_at=None,
        )  # fmt: skip

    async def _number(self) -> int:
        if not _numbers:
            taken = "select nextval('case_numbers') from generate_series(1, %s)"
            rows = await (await (await self.work.driver()).execute(taken, (_BLOCK,))).fetchall()
            _numbers.extend(sorted((row[0] for row in rows), reverse=True))
        return _numbers.pop()


def _in_china(longitude: float | None, latitude: float | None) -> bool:
    """Whether a ticket's point can be one: a swapped or foreign point is dropped, the ticket's words stay."""
    return longitude is not None and latitude is not None and 73 <= longitude <= 136 and 3 <= latitude <= 54
