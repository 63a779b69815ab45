"""What the privacy interface takes and gives."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Query as QueryParameter
from pydantic import Field, StringConstraints

from citizen_pass.privacy.words import fields_said, reader_said, service_said
from citykit.pages import PageQuery
from citykit.usage import Code
from citykit.wire import Instant, Query, Wire

FURTHEST = 900  # how far back paging goes; a period reaches further
QuestionText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Usage(Wire):
    """One read of the caller's data by somebody else, in codes and in words.

    The words are those of the day of the read, Chinese first; who kept none is told by what is known of the code.
    """

    id: UUID
    service: str = Field(description="The service whose record was read")
    service_name: str | None = Field(default=None, description="What that service is called")
    logtime: Instant
    action: str
    receiver_code: str
    receiver_name: str | None
    receiver_organisation: str | None
    receiver_organisation_name: str | None = Field(default=None, description="What the reader's organisation is called")
    receiver_post: str | None = Field(default=None, description="The reader's post")
    receiver_said: str | None = Field(default=None, description="The reader's name, or what kind of party it was")
    on_behalf_of: str | None
    purpose: str
    legal_basis: str | None
    record: str | None = Field(default=None, description="What was read: a registry, a resource, a kind of licence")
    matter: str | None = Field(default=None, description="The case or permission that the read belongs to")
    fields: list[str]
    field_words: dict[str, str] = Field(default={}, description="What the fields are called, by their codes")

    @classmethod
    def of(cls, service: str, view: Any, named: Mapping[str, str]) -> Self:
        """The read that `service` told of; `named` are departments by their codes, for lines that do not say theirs."""
        told = {name: getattr(view, name) for name in _AS_TOLD}
        told["receiver_organisation_name"] = view.receiver_organisation_name or named.get(view.receiver_organisation)
        return cls(
            service=service, service_name=service_said(service), **told,
            receiver_said=reader_said(view.receiver_code, view.receiver_name),
            field_words=fields_said(view.fields, view.field_words),
        )  # fmt: skip


_AS_TOLD = (
    "id", "logtime", "action", "receiver_code", "receiver_name", "receiver_organisation", "receiver_post",
    "on_behalf_of", "purpose", "legal_basis", "record", "matter", "fields",
)  # fmt: skip


class UsageList(Wire):
    """Reads of the caller's data, newest first.

    `silent` names the services that did not answer: their reads are missing here and are not counted in `total`.
    """

    items: list[Usage]
    total: int
    silent: list[str]
    next_offset: int | None


class UsageFile(Wire):
    """All reads of the caller's data in a period, newest first: complete, or there is no file."""

    total: int
    items: list[Usage]


class Reader(Wire):
    """Who read the caller's data, and how often: a department, or whoever read without one."""

    receiver_organisation: str | None
    receiver_organisation_name: str | None
    receiver_code: str | None = Field(description="Who read, where no department did")
    receiver_said: str | None = Field(description="The same in words")
    services: list[str] = Field(description="The services whose records were read")
    usages: int
    first: Instant
    last: Instant

    @classmethod
    def of(cls, told: Mapping[str, Any], named: Mapping[str, str]) -> Self:
        """The reader that services told of; it is called as at its last read."""
        latest = max(told.values(), key=lambda one: one.last)
        office, code = latest.receiver_organisation, latest.receiver_code
        return cls(
            receiver_organisation=office,
            receiver_organisation_name=latest.receiver_organisation_name or named.get(office),
            receiver_code=code,
            receiver_said=None if code is None else reader_said(code, latest.receiver_name),
            services=sorted(told),
            usages=sum(one.usages for one in told.values()),
            first=min(one.first for one in told.values()),
            last=latest.last,
        )


class ReaderList(Wire):
    """The readers of the caller's data, who read last on top; however often one read, it is one entry.

    `silent` names the services that did not answer.
    """

    items: list[Reader]
    silent: list[str]


class Period(Query):
    """A period: from a point in time on, and before another."""

    period_start: Instant | None = None
    period_end: Instant | None = None


class ReadsFilter(Period):
    """Which reads: of a period, of one organisation or one reader."""

    organisation: Code | None = Field(default=None, description="GB 32100 code of the reader's department")
    receiver: Code | None = Field(default=None, description="`receiver_code` of the reader")


class UsageFilter(ReadsFilter):
    """The same, and how many after how many. Paging ends at 900; a period reaches further back, the file holds all."""

    offset: Annotated[int, QueryParameter(ge=0, le=FURTHEST)] = 0
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50


class FileFilter(ReadsFilter):
    """Which reads, and how the file is written."""

    format: Literal["csv", "json"] = "csv"


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
