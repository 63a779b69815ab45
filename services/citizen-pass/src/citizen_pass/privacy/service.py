"""The acts of privacy: gather who read a person's data, question a read, answer the question."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from citizen_pass.clients.usage import NEIGHBOURS, UsagePageView, usages_of
from citizen_pass.identity.service import Accounts
from citizen_pass.messages.service import Messages
from citizen_pass.privacy.domain import QuestionState, merged, next_offset
from citizen_pass.privacy.errors import AlreadyAnswered, AlreadyQuestioned, NoSuchService, NoSuchUsage
from citizen_pass.privacy.models import QuestionRow
from citizen_pass.privacy.schemas import FURTHEST, Question, QuestionDraft, Usage, UsageFilter, UsageList
from citykit.actors import Actor
from citykit.clock import CHINA
from citykit.mesh import NeighbourRefused, NeighbourUnavailable
from citykit.usage import UsageQuery, usages
from citykit.work import Work

OWN = "citizen-pass"
SERVICES = (*NEIGHBOURS, OWN)
_NEWEST = 1000  # the most that a service answers at once


class Privacy:
    """The acts of privacy, inside one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def gather(self, subject: UUID, query: UsageFilter, *, by: Actor) -> UsageList:
        """Ask all five services at once, and merge what they answer. A silent one is named, never left out unsaid."""
        references = await self._references(subject)
        wanted = query.offset + query.limit
        answers = await asyncio.gather(*(self._ask(name, references, wanted, query, by) for name in NEIGHBOURS))
        told = dict(zip(NEIGHBOURS, answers, strict=True)) | {OWN: await self._own(references, wanted, query)}
        heard = {name: answer for name, answer in told.items() if answer is not None}
        total = sum(answer.total_usages for answer in heard.values())
        pages = [[Usage.of(name, usage) for usage in answer.usages] for name, answer in heard.items()]
        return UsageList(
            items=merged(pages, offset=query.offset, limit=query.limit),
            total=total,
            silent=sorted(set(SERVICES) - set(heard)),
            next_offset=next_offset(offset=query.offset, limit=query.limit, total=total, furthest=FURTHEST),
        )

    async def _references(self, subject: UUID) -> list[str]:
        """How the services name the person: by her account, and by the registry's number once she is verified."""
        person = await Accounts(self._work).person_of(subject)
        return [f"sub:{subject}"] + ([f"person:{person}"] if person is not None else [])

    async def _ask(
        self, name: str, references: list[str], limit: int, query: UsageFilter, by: Actor
    ) -> UsagePageView | None:
        try:
            return await usages_of(
                self._work.mesh, name, references=references, limit=limit, by=by, start=query.period_start,
                end=query.period_end,
            )  # fmt: skip
        except (NeighbourUnavailable, NeighbourRefused):
            return None

    async def _own(self, references: list[str], limit: int, query: UsageFilter) -> UsagePageView:
        asked = UsageQuery(person=references, limit=limit, period_start=query.period_start, period_end=query.period_end)
        return UsagePageView.model_validate((await usages(self._work.session, OWN, asked)).model_dump())

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
        """The read of the person's data that `usage_id` names in `service`, looked for among the newest thousand."""
        if service not in SERVICES:
            raise NoSuchService()
        references, query = await self._references(subject), UsageFilter()
        answer: UsagePageView
        if service == OWN:
            answer = await self._own(references, _NEWEST, query)
        else:
            heard = await self._ask(service, references, _NEWEST, query, by)
            if heard is None:
                raise NeighbourUnavailable(service)
            answer = heard
        for usage in answer.usages:
            if usage.id == usage_id:
                return Usage.of(service, usage)
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
            fields=("text", "usage"), purpose="答复质疑 Answer the question",
            legal_basis="《个人信息保护法》第五十条 PIPL art. 50",
        )  # fmt: skip
