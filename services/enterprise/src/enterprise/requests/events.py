"""What others may know of a request. `firm_uscc` is null for founders whose firm has no code yet."""

from datetime import datetime
from uuid import UUID

from citykit.events import Event


class _OfRequest(Event):
    request_id: UUID
    number: str
    firm_uscc: str | None
    firm_name: str
    submitter: UUID
    title: str
    department_code: str | None
    at: datetime


class RequestSubmitted(_OfRequest, type="cn.hengshui.enterprise.request.submitted.v1"):
    """A firm asked."""


class RequestAnswered(_OfRequest, type="cn.hengshui.enterprise.request.answered.v1"):
    """The department answered."""

    answer: str


class RequestEscalated(_OfRequest, type="cn.hengshui.enterprise.request.escalated.v1"):
    """A milestone passed unmet; `level` 1 is the department's own lead, 4 the city's supervision."""

    level: int
    milestone: str
    due_at: datetime
