"""The acts of privacy: gather who read a person's data, question a read, answer the question."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from citizen_pass.clients.usage import ReaderView, UsageView
from citizen_pass.identity.service import Accounts, departments_named
from citizen_pass.messages.service import Messages
from citizen_pass.privacy.domain import QuestionState, merged, next_offset, together
from citizen_pass.privacy.errors import AlreadyAnswered, AlreadyQuestioned, NoSuchService, NoSuchUsage
from citizen_pass.privacy.gathering import SERVICES, Gathering
from citizen_pass.privacy.models import QuestionRow
from citizen_pass.privacy.schemas import (
    FURTHEST,
    Period,
    Question,
    QuestionDraft,
    Reader,
    ReaderList,
    ReadsFilter,
    Usage,
    UsageFile,
    UsageFilter,
    UsageList,
)
from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.mesh import NeighbourRefused, NeighbourUnavailable
from citykit.usage import ReadersQuery, UsageQuery
from citykit.work import Work

_FIELD_WORDS = {"text": "内容 Text", "usage": "被质疑的访问 The access in question"}


class Privacy:
    """The acts of privacy, inside one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def gather(self, subject: UUID, query: UsageFilter, *, by: Actor) -> UsageList:
        """Ask all five services at once, and merge what they answer. A silent one is named, never left out unsaid."""
        asked = await self._asked(subject, query, limit=query.offset + query.limit)
        heard = await Gathering(self._work, by).newest(asked)
        total = sum(answer.total_usages for answer in heard.values())
        pages = await self._said({name: answer.usages for name, answer in heard.items()})
        return UsageList(
            items=merged(pages, offset=query.offset, limit=query.limit),
            total=total,
            silent=sorted(set(SERVICES) - set(heard)),
            next_offset=next_offset(offset=query.offset, limit=query.limit, total=total, furthest=FURTHEST),
        )

    async def everything(self, subject: UUID, query: ReadsFilter, *, by: Actor) -> UsageFile:
        """All reads of the question. Raises 503 where a service is silent, 422 `too-many-usages`."""
        told = await Gathering(self._work, by).everything(await self._asked(subject, query))
        pages = await self._said(told)
        items = merged(pages, offset=0, limit=sum(map(len, pages)))
        return UsageFile(total=len(items), items=items)

    async def readers(self, subject: UUID, period: Period, *, by: Actor) -> ReaderList:
        """Who read the person's data in all five services, one entry a reader. A silent service is named."""
        asked = ReadersQuery(
            person=await self._references(subject), period_start=period.period_start, period_end=period.period_end
        )
        heard = await Gathering(self._work, by).readers(asked)
        found = together({name: answer.readers for name, answer in heard.items()})
        named = await self._named(one for told in found for one in told.values())
        return ReaderList(
            items=[Reader.of(told, named) for told in found], silent=sorted(set(SERVICES) - set(heard))
        )  # fmt: skip

    async def _asked(self, subject: UUID, query: ReadsFilter, *, limit: int = 1) -> UsageQuery:
        return UsageQuery(
            person=await self._references(subject), limit=limit, period_start=query.period_start,
            period_end=query.period_end, organisation=query.organisation, receiver=query.receiver,
        )  # fmt: skip

    async def _said(self, told: Mapping[str, Sequence[UsageView]]) -> list[list[Usage]]:
        """What services told, in words."""
        named = await self._named(view for views in told.values() for view in views)
        return [[Usage.of(name, view, named) for view in views] for name, views in told.items()]

    async def _named(self, told: Iterable[UsageView | ReaderView]) -> Mapping[str, str]:
        """The names of the departments whose names were not kept."""
        unnamed = (one.receiver_organisation for one in told if one.receiver_organisation_name is None)
        return await departments_named(self._work, {code for code in unnamed if code is not None})

    async def _references(self, subject: UUID) -> list[str]:
        """How the services name the person: by her account, and by the registry's number once she is verified."""
        person = await Accounts(self._work).person_of(subject)
        return [f"sub:{subject}"] + ([f"person:{person}"] if person is not None else [])

    async def question(
        self, subject: UUID, service: str, usage_id: UUID, draft: QuestionDraft, *, by: Actor
    ) -> Question:
        """Question a read that really happened; the answer is due within the promised working days.

        Raises 404 `no-such-service`, 404 `no-such-usage`, 409 `already-questioned`, 503 where the service is down.
        """
        usage = await self._usage(subject, service, usage_id, by)
        now = self._work.clock.now()
        due = self._work.calendar.add_days(now.astimezone(CHINA).date(), self._work.settings.question_working_days)
        made = await self._work.session.scalars(
            insert(QuestionRow)
            .values(
                subject=subject, service=service, usage_id=usage_id, usage=usage.model_dump(mode="json"),
                text=draft.text, state=QuestionState.asked, asked_at=now, due_at=due,
            )
            .on_conflict_do_nothing()
            .returning(QuestionRow)
        )  # fmt: skip
        row = made.one_or_none()
        if row is None:
            raise AlreadyQuestioned()
        data = {"service": service, "usage": str(usage_id)}
        self._work.audit.note(stream=f"question/{row.id}", act="ask", by=by, data=data)
        return Question.of(row, now)

    async def _usage(self, subject: UUID, service: str, usage_id: UUID, by: Actor) -> Usage:
        """The read of the person's data that `usage_id` names in `service`."""
        if service not in SERVICES:
            raise NoSuchService()
        asked = UsageQuery(person=await self._references(subject), usage=usage_id, limit=1)
        try:
            answer = await Gathering(self._work, by).page(service, asked)
        except NeighbourRefused as refused:
            raise NeighbourUnavailable(service) from refused
        for usage in answer.usages:
            if usage.id == usage_id:
                return (await self._said({service: [usage]}))[0][0]
        raise NoSuchUsage()

    async def answer(self, row: QuestionRow, text: str, *, by: Actor) -> Question:
        """Answer a question, once; the person gets a message. Raises 409 `already-answered`."""
        if row.state == QuestionState.answered:
            raise AlreadyAnswered()
        now = self._work.clock.now()
        row.state, row.answer, row.answered_at, row.answered_by = QuestionState.answered, text, now, by.reference
        self.looked_at(row, by=by)
        late = max(now - row.due_at, timedelta())
        data = {"late_seconds": int(late.total_seconds())}
        self._work.audit.note(stream=f"question/{row.id}", act="answer", by=by, data=data)
        await Messages(self._work).notify(
            row.subject, "question-answered", reference=f"question-answered/{row.id}", places={"answer": text},
            link="/api/citizen-pass/pages/privacy",
        )  # fmt: skip
        return Question.of(row, now)

    def looked_at(self, row: QuestionRow, *, by: Actor) -> None:
        """A reviewer read a person's question: that is a read of her data like any other."""
        self._work.access.read(
            person=f"sub:{row.subject}", by=by, action="查看对数据访问的质疑 Read a question about an access",
            fields=_FIELD_WORDS, said=_FIELD_WORDS, purpose="答复质疑 Answer the question",
            legal_basis="《个人信息保护法》第五十条 PIPL art. 50",
        )  # fmt: skip
