"""What the privacy interface takes and gives."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query as QueryParameter
from pydantic import Field, StringConstraints

from citykit.pages import PageQuery
from citykit.wire import Instant, Query, Wire

FURTHEST = 900  # how far back paging goes; a period reaches further
QuestionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Usage(Wire):
    """One read of the caller's data by somebody else."""

    id: UUID
    service: str = Field(description="The service whose record was read")
    logtime: Instant
    action: str
    receiver_code: str
    receiver_name: str | None
    receiver_organisation: str | None
    on_behalf_of: str | None
    purpose: str
    legal_basis: str | None
    fields: list[str]

    @classmethod
    def of(cls, service: str, view: Any) -> Self:
        """The read that `service` told of."""
        names = ("id", "logtime", "action", "receiver_code", "receiver_name", "receiver_organisation", "on_behalf_of")
        told = {name: getattr(view, name) for name in (*names, "purpose", "legal_basis", "fields")}
        return cls(service=service, **told)


class UsageList(Wire):
    """Reads of the caller's data, newest first.

    `silent` names the services that did not answer: their reads are missing here and are not counted in `total`.
    """

    items: list[Usage]
    total: int
    silent: list[str]
    next_offset: int | None


class UsageFilter(Query):
    """Which reads: a period, and how many after how many. Paging ends at 900; a period reaches further back."""

    period_start: Instant | None = None
    period_end: Instant | None = None
    offset: Annotated[int, QueryParameter(ge=0, le=FURTHEST)] = 0
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50


class QuestionDraft(Wire):
    """What the person wants to know about an access."""

    text: QuestionText


class AnswerDraft(Wire):
    """The answer to a question about an access."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Question(Wire):
    """A question about an access, and its clock: the answer is due within the working days that the city promises."""

    id: UUID
    service: str
    usage_id: UUID
    usage: Usage
    text: str
    state: str
    asked_at: Instant
    due_at: Instant
    overdue: bool
    answer: str | None
    answered_at: Instant | None

    @classmethod
    def of(cls, row: Any, now: datetime) -> Self:
        """The question of a row, at `now`."""
        names = ("id", "service", "usage_id", "text", "state", "asked_at", "due_at", "answer", "answered_at")
        told = {name: getattr(row, name) for name in names}
        overdue = row.answered_at is None and now > row.due_at
        return cls(**told, usage=Usage.model_validate_json(json.dumps(row.usage)), overdue=overdue)


class ReviewFilter(PageQuery):
    """Which questions: by state."""

    state: Literal["asked", "answered"] | None = None
