"""The acts on departments, posts and appointments, and what other slices ask about departments."""

from datetime import date
from typing import Annotated

from fastapi import Depends
from sqlalchemy.exc import IntegrityError

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, keyset_page
from citykit.problems import FieldError, NotFound
from citykit.work import Work, WorkInRequest
from gov_collab.days import begin_of, day_in_china
from gov_collab.organisations import repository
from gov_collab.organisations.errors import (
    AppointmentEnded,
    AppointmentOverlaps,
    DepartmentExists,
    DepartmentInUse,
    OwnAppointment,
    PostExists,
    UnknownDepartment,
    UnknownPost,
)
from gov_collab.organisations.events import AppointmentEnded as AppointmentEndedEvent
from gov_collab.organisations.events import AppointmentMade
from gov_collab.organisations.models import AppointmentRow, DepartmentRow, PostRow
from gov_collab.organisations.schemas import (
    Appointment,
    AppointmentDraft,
    AppointmentFilter,
    Closing,
    Department,
    DepartmentChange,
    DepartmentDraft,
    DepartmentFilter,
    Post,
    PostDraft,
)


class Organisations:
    """Departments, posts and appointments within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._session = work.session

    @property
    def today(self) -> date:
        """Today in Hengshui."""
        return day_in_china(self._work.clock.now())

    async def department(
        self, code: str, *, on: date | None = None, pointer: str = "/body/department_code"
    ) -> DepartmentRow:
        """The department of that code that exists on `on` (today). Raises UnknownDepartment (422) at `pointer`."""
        row = await self._session.get(DepartmentRow, code)
        day = on or self.today
        if row is None or row.valid_from > day or (row.valid_to is not None and row.valid_to <= day):
            raise UnknownDepartment(errors=[FieldError(pointer=pointer, code="unknown", message="unknown department")])
        return row

    async def enter(self, draft: DepartmentDraft, *, by: Actor | str) -> Department:
        """Enter a department. Raises DepartmentExists (409), UnknownDepartment (422) for its parent."""
        if await self._session.get(DepartmentRow, draft.code) is not None:
            raise DepartmentExists()
        if draft.parent_code is not None:
            await self.department(draft.parent_code, on=draft.valid_from, pointer="/body/parent_code")
        row = DepartmentRow(**draft.model_dump())
        self._session.add(row)
        await self._session.flush()
        self._work.audit.note(stream=f"department/{row.code}", act="enter", by=by, data=draft.model_dump(mode="json"))
        return Department.of(row)

    async def change(self, row: DepartmentRow, change: DepartmentChange, *, by: Actor) -> Department:
        """Change what a department is called or how it is reached; what was decided in its old name keeps that name."""
        wanted = {name: value for name, value in change.model_dump().items() if value is not None}
        before = {name: getattr(row, name) for name in wanted}
        for name, value in wanted.items():
            setattr(row, name, value)
        data = {"before": before, "after": wanted}
        self._work.audit.note(stream=f"department/{row.code}", act="change", by=by, data=data)
        return Department.of(row)

    async def close(self, row: DepartmentRow, closing: Closing, *, by: Actor) -> Department:
        """Close a department from a day on. Raises DepartmentInUse (409) while anything counts on it after that day."""
        if row.valid_to is not None or closing.on <= row.valid_from:
            raise DepartmentInUse(("该单位已撤销或尚未成立", "It is closed already, or not yet founded on that day"))
        if await repository.names_department_after(self._session, row.code, closing.on):
            raise DepartmentInUse()
        row.valid_to = closing.on
        data = closing.model_dump(mode="json")
        self._work.audit.note(stream=f"department/{row.code}", act="close", by=by, data=data)
        return Department.of(row)

    async def set_up(self, department: DepartmentRow, draft: PostDraft, *, by: Actor | str) -> Post:
        """Set up a post. Its scopes are fixed: what an appointment gave stays provable. Raises PostExists (409)."""
        if await self._session.get(PostRow, (department.code, draft.code)) is not None:
            raise PostExists()
        scopes = sorted(set(draft.scopes))
        row = PostRow(department_code=department.code, code=draft.code, name=draft.name, scopes=scopes)
        self._session.add(row)
        await self._session.flush()
        data = {"post": row.code, "scopes": scopes}
        self._work.audit.note(stream=f"department/{department.code}", act="set-up-post", by=by, data=data)
        return Post.of(row)

    async def appoint(self, draft: AppointmentDraft, *, by: Actor | str) -> Appointment:
        """Appoint a person to a post; citizen-pass hears of it on the first day of service.

        Raises OwnAppointment (403), UnknownDepartment and UnknownPost (422), AppointmentOverlaps (409).
        """
        if isinstance(by, Actor) and by.subject == str(draft.subject):
            raise OwnAppointment()
        await self.department(draft.department_code, on=max(self.today, draft.valid_from))
        if await self._session.get(PostRow, (draft.department_code, draft.post_code)) is None:
            raise UnknownPost(errors=[FieldError(pointer="/body/post_code", code="unknown", message="unknown post")])
        row = AppointmentRow(id=new_id(), made_at=self._work.clock.now(), **draft.model_dump())
        row.announced_at = row.ended_at = row.end_reason = None
        self._session.add(row)
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise AppointmentOverlaps() from error
        data = draft.model_dump(mode="json")
        self._work.audit.note(stream=f"appointment/{row.id}", act="appoint", by=by, data=data)
        if row.valid_from <= self.today:
            await self.announce(row)
        return Appointment.of(row)

    async def announce(self, row: AppointmentRow) -> None:
        """Tell the city that a person serves in a post from now on."""
        department = await self._session.get_one(DepartmentRow, row.department_code)
        post = await self._session.get_one(PostRow, (row.department_code, row.post_code))
        row.announced_at = self._work.clock.now()
        event = AppointmentMade(
            appointment_id=row.id, subject=row.subject, department_code=department.code,
            department_name=department.name, post_code=post.code, post_name=post.name, scopes=list(post.scopes),
            valid_from=begin_of(row.valid_from), valid_to=None if row.valid_to is None else begin_of(row.valid_to),
        )  # fmt: skip
        self._work.events.record(event, subject=str(row.subject))

    async def end(self, row: AppointmentRow, *, reason: str, by: Actor | str) -> Appointment:
        """End an appointment now. Raises AppointmentEnded (409)."""
        if row.ended_at is not None:
            raise AppointmentEnded()
        row.ended_at, row.end_reason = self._work.clock.now(), reason
        self._work.audit.note(stream=f"appointment/{row.id}", act="end", by=by, data={"reason": reason})
        if row.announced_at is not None:
            event = AppointmentEndedEvent(appointment_id=row.id, subject=row.subject, ended_at=row.ended_at)
            self._work.events.record(event, subject=str(row.subject))
        return Appointment.of(row)

    async def departments(self, query: DepartmentFilter) -> Page[Department]:
        """The public directory, in the order of the house."""
        keys = (DepartmentRow.sort_order, DepartmentRow.code)
        statement = repository.departments(query, self.today)
        return await keyset_page(self._session, statement, keys=keys, query=query, make=Department.of)

    async def known(self, code: str) -> DepartmentRow:
        """The department of that code, closed ones too. Raises NotFound (404)."""
        row = await self._session.get(DepartmentRow, code)
        if row is None:
            raise NotFound()
        return row

    async def posts(self, department: DepartmentRow) -> list[Post]:
        """The posts of a department, by code."""
        rows = await self._session.scalars(repository.posts_of(department.code).order_by(PostRow.code))
        return [Post.of(row) for row in rows]

    async def appointments(self, query: AppointmentFilter) -> Page[Appointment]:
        """Appointments, oldest first."""
        statement = repository.appointments(query)
        keys = (AppointmentRow.id,)
        return await keyset_page(self._session, statement, keys=keys, query=query, make=Appointment.of)


async def organisations(work: WorkInRequest) -> Organisations:
    """The organisations of this request's transaction."""
    return Organisations(work)


OrganisationsInRequest = Annotated[Organisations, Depends(organisations)]
