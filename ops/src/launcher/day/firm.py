"""Step 4: a firm's legal representative asks and is answered in time; a second request runs overdue and escalates."""

from typing import Any

from launcher import signin
from launcher.day.account import Day
from launcher.day.people import Person, Unexpected, wait_for

FIRMS = "/api/enterprise/v1/firms"
REQUESTS = "/api/enterprise/v1/requests"
DAYS_LATER = 10


def ask(day: Day) -> dict[str, Any]:
    """Bind the firm, send a request, have it answered in time."""
    with day.step(4, "企业诉求：按时答复与超期督办", "A firm's request is answered in time; another runs overdue"):
        owner = day.persona("legal-representative")
        firm = signin.personas()["legal-representative"]["firm"]
        bound = owner.send("POST", f"{FIRMS}/bindings", json={"uscc": firm["uscc"]})
        if bound.status_code not in {201, 409}:  # 409: bound on an earlier day
            raise Unexpected(f"the firm could not be bound: {bound.status_code} {bound.text[:300]}")
        day.tell(f"企业 firm {firm['name']} {firm['uscc']} · {bound.status_code}", day.url(f"{FIRMS}/{firm['uscc']}"))
        category = owner.get(f"{REQUESTS}/categories")["items"][0]["code"]
        draft = {
            "category": category,
            "title": "厂区扩建用电增容",
            "text": "二期车间七月投产，申请增容 800 kVA。",
            "uscc": firm["uscc"],
        }
        request = owner.post(REQUESTS, draft, key=None)
        answered = _answer(day, request["id"])
        confirmed = owner.post(f"{REQUESTS}/{request['id']}/confirmation", {"rating": 5})
        day.tell(
            f"诉求 request {request['number']} · {answered['department_name']} · {confirmed['state']}",
            day.url(f"{REQUESTS}/{request['id']}"),
        )
        second = owner.post(REQUESTS, draft | {"title": "物流车辆通行证", "text": "申请办理城区货车通行证五张。"})
        day.facts["late_request"] = second["id"]
        _grow_late(day, owner, second)
        return dict(owner.get(f"{REQUESTS}/{request['id']}"))


def _officer(day: Day) -> Person:
    return day.persona("department")


def _answer(day: Day, request_id: str) -> dict[str, Any]:
    officer = _officer(day)
    path = f"{REQUESTS}/{request_id}"

    def mine() -> dict[str, Any] | None:
        response = officer.send("GET", path)
        return dict(response.json()) if response.is_success else None

    wait_for("the request at its department", mine)
    officer.post(f"{path}/acceptance", {})
    officer.post(f"{path}/contacts", {"note": "已与企业负责人通话。"})
    return dict(officer.post(f"{path}/answers", {"answer": "供电公司已受理增容申请，勘察安排在两个工作日内。"}))


def _grow_late(day: Day, owner: Person, request: dict[str, Any]) -> None:
    """Let the demo's clock run on, and see the request escalate once for each milestone that nobody met."""
    day.city.move_clock(DAYS_LATER * 86_400)
    try:
        late = wait_for("the escalation", lambda: _escalated(owner, request["id"]))
    finally:
        day.city.move_clock(0)
    milestones = [one for one in late["milestones"] if one["escalated_at"]]
    day.facts["escalated"] = [one["milestone"] for one in milestones]
    for one in milestones:
        told = f"{request['number']} {one['milestone']} 超期 overdue since {one['due_at'][:19]}"
        day.tell(f"{told} → 督办 level {one['level']}")


def _escalated(owner: Person, request_id: str) -> dict[str, Any] | None:
    request = owner.get(f"{REQUESTS}/{request_id}")
    return dict(request) if any(one["escalated_at"] for one in request["milestones"]) else None
