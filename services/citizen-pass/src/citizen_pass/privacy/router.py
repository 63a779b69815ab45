"""谁看过我的数据 over HTTP: the reads of a person's data, her questions, and their answers."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import desc
from starlette.responses import Response

from citizen_pass.privacy import errors, repository
from citizen_pass.privacy.access import Concerned, PrivacyInRequest, QuestionInPath, Reviewer, Subject
from citizen_pass.privacy.files import file_response
from citizen_pass.privacy.models import QuestionRow
from citizen_pass.privacy.schemas import (
    AnswerDraft,
    FileFilter,
    Period,
    Question,
    QuestionDraft,
    ReaderList,
    ReviewFilter,
    UsageFile,
    UsageFilter,
    UsageList,
)
from citykit.calendar import CalendarEnd
from citykit.mesh import NeighbourUnavailable
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import BadCursor, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest

router = CityRouter(prefix="/api/citizen-pass/v1/privacy", tags=["privacy"])


@router.get("/usages")
async def list_usages(
    actor: Concerned, subject: Subject, query: Annotated[UsageFilter, Query()], privacy: PrivacyInRequest
) -> UsageList:
    """Who read the caller's data 谁看过我的数据, in all five services, newest first.

    Every read tells reader, office, time, fields, purpose and legal basis. `silent` names services that did not answer.
    """
    return await privacy.gather(subject, query, by=actor)


@router.get(
    "/usages/file",
    response_class=Response,
    responses=problems(errors.TooManyUsages, NeighbourUnavailable)
    | {200: {"model": UsageFile, "content": {"text/csv": {}, "application/json": {}}}},
)
async def usages_as_file(
    actor: Concerned, subject: Subject, query: Annotated[FileFilter, Query()], privacy: PrivacyInRequest
) -> Response:
    """Take all reads of the caller's data away as a file 下载全部记录, CSV or JSON (PIPL art. 45): complete, or 503."""
    file = await privacy.everything(subject, query, by=actor)
    return file_response(file, query.format)


@router.get("/readers")
async def list_readers(
    actor: Concerned, subject: Subject, query: Annotated[Period, Query()], privacy: PrivacyInRequest
) -> ReaderList:
    """Who read the caller's data, one entry a reader 查阅者汇总: who reads a thousand times hides nobody."""
    return await privacy.readers(subject, query, by=actor)


@router.post(
    "/usages/{service}/{usage_id}/questions",
    status_code=201,
    responses=problems(
        errors.NoSuchUsage, errors.NoSuchService, errors.AlreadyQuestioned, NeighbourUnavailable, CalendarEnd
    ),
)
async def question_usage(
    actor: Concerned, subject: Subject, service: str, usage_id: UUID, body: QuestionDraft, privacy: PrivacyInRequest
) -> Question:
    """Question a read of the caller's data 质疑访问; it is answered within the promised working days."""
    return await privacy.question(subject, service, usage_id, body, by=actor)


@router.get("/questions", responses=problems(BadCursor))
async def my_questions(
    actor: Concerned, subject: Subject, query: Annotated[PageQuery, Query()], work: WorkInRequest
) -> Page[Question]:
    """The caller's questions 我的质疑, newest first."""
    now = work.clock.now()
    return await keyset_page(
        work.session,
        repository.asked_by(subject),
        keys=(desc(QuestionRow.id),),
        query=query,
        make=lambda row: Question.of(row, now),
    )


@router.get("/reviews", responses=problems(BadCursor))
async def questions_to_review(
    actor: Reviewer, query: Annotated[ReviewFilter, Query()], work: WorkInRequest, privacy: PrivacyInRequest
) -> Page[Question]:
    """The questions of all persons 待答复质疑, the one due first on top. Each one listed shows in its person's log."""
    now = work.clock.now()

    def shown(row: QuestionRow) -> Question:
        privacy.looked_at(row, by=actor)
        return Question.of(row, now)

    return await keyset_page(
        work.session,
        repository.to_review(query.state),
        keys=(QuestionRow.due_at, QuestionRow.id),
        query=query,
        make=shown,
    )


@router.post(
    "/questions/{question_id}/answers",
    status_code=201,
    responses=problems(errors.NoSuchQuestion, errors.AlreadyAnswered),
)
async def answer_question(
    actor: Reviewer, question: QuestionInPath, body: AnswerDraft, privacy: PrivacyInRequest
) -> Question:
    """Answer a question 答复质疑, once. The person gets a message."""
    return await privacy.answer(question, body.text, by=actor)
