"""Events as the neighbours send them, and a person who gets messages."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from citizen_pass.identity.schemas import Account, AccountDraft
from citizen_pass.identity.service import Accounts
from citykit.testing import ServiceUnderTest

MESSAGES = "/api/citizen-pass/v1/messages"
AT = "2026-11-24T10:00:00+08:00"


async def person(city: ServiceUnderTest, username: str = "xiuying.li", **fields: Any) -> UUID:
    """A registered person; her account id."""
    draft = AccountDraft(username=username, password="correct horse battery", **fields)
    async with city.work() as work:
        account = await Accounts(work).register(draft, address="203.0.113.7")
        assert isinstance(account, Account)
        return account.subject


def headers_of(city: ServiceUnderTest, subject: UUID) -> dict[str, str]:
    return city.token(["citizen-pass.messages.read"], subject=str(subject))


def events_about(subject: UUID | None) -> dict[str, tuple[str, dict[str, Any]]]:
    """One event of each type: message kind → (type, data)."""
    who = str(subject) if subject else None
    ticket = {"ticket_id": str(uuid4()), "number": "961890-1", "citizen": who, "title": "路灯不亮"}
    case = {"case_id": str(uuid4()), "number": "CG-1", "reporter": who, "source_kind": "citizen"}
    request = {
        "request_id": str(uuid4()), "number": "QY-1", "firm_uscc": "91131102MA07XY3K94", "firm_name": "示例公司",
        "submitter": who, "title": "用电", "department_code": None, "at": AT,
    }  # fmt: skip
    department = {"department_code": "11131100MB0H00022R", "department_name": "城管局"}
    return {
        "ticket-taken": ("gov-collab.ticket.taken", ticket | {"taken_at": AT}),
        "ticket-assigned": ("gov-collab.ticket.assigned", ticket | department | {"due_at": AT, "text": "x"}),
        "ticket-answered": (
            "gov-collab.ticket.answered",
            ticket | {"answer": "已修复", "department_name": "城管局", "answered_at": AT},
        ),
        "ticket-closed": ("gov-collab.ticket.closed", ticket | {"closed_at": AT, "satisfaction": 5}),
        "case-reported": ("city-ops.case.reported", case | {"title": "井盖", "reported_at": AT}),
        "case-progressed": ("city-ops.case.progressed", case | {"state": "dispatched", "note": "已派", "at": AT}),
        "case-closed": (
            "city-ops.case.closed",
            case | {"outcome": "resolved", "outcome_text": "已更换", "closed_at": AT},
        ),
        "request-submitted": ("enterprise.request.submitted", request),
        "request-answered": ("enterprise.request.answered", request | {"answer": "已增容"}),
        "request-escalated": ("enterprise.request.escalated", request | {"level": 2}),
        "credit-answered": (
            "data-hub.credit.answered",
            {
                "matter": "repair",
                "matter_id": str(uuid4()),
                "uscc": "91131102MA07XY3K94",
                "applicant": who,
                "outcome": "granted",
                "answered_at": AT,
            },
        ),
    }


async def tell(city: ServiceUnderTest, kind: str, subject: UUID | None, **options: Any) -> httpx.Response:
    name, data = events_about(subject)[kind]
    return await city.deliver(f"cn.hengshui.{name}.v1", data, source=name.split(".", 1)[0], **options)
