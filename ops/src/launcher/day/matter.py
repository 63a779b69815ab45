"""Steps 2 and 6: a hotline message becomes a city-management case and comes back, while a service goes down and up."""

import secrets
from typing import Any

from launcher import control, signin
from launcher.day.account import Day
from launcher.day.people import Person, Unexpected, wait_for

HOTLINE = "/api/gov-collab/v1/hotline/tickets"
CASES = "/api/city-ops/v1/cases"
MESSAGE = {
    "title": "人民路中段连着三盏路灯不亮",
    "text": "人民路中段靠近中心街口，路南连着三盏路灯已经坏了一个星期。\n"
    "晚上黑灯瞎火，老人和放学的孩子走路不安全，请尽快维修。",
}
PLACE = {"longitude": 115.6857, "latitude": 37.7352, "address": "桃城区人民路与中心街口东200米路南"}


def send(day: Day, message: dict[str, str] | None = None) -> dict[str, Any]:
    """She sends a message; the operator classifies it."""
    with day.step(2, "热线诉求变成城管案件", "A hotline message becomes a case, is handled, verified and rated"):
        assert day.citizen is not None
        draft = {
            **(message or MESSAGE),
            "location": PLACE,
            "contact": {"name": day.citizen.name, "phone": "13900000099"},
        }
        key = f"day-{secrets.token_hex(8)}"
        ticket = day.citizen.post(HOTLINE, draft, key=key)
        again = day.citizen.post(HOTLINE, draft, key=key)
        if again["id"] != ticket["id"]:
            raise Unexpected("pressing twice made two tickets")
        day.facts["ticket"] = ticket["id"]
        day.tell(
            f"工单 ticket {ticket['number']} (连按两次只立一单 pressed twice, taken once)",
            day.url(f"{HOTLINE}/{ticket['id']}"),
        )
        operator = day.persona("operator")
        operator.get(f"{HOTLINE}/{ticket['id']}")
        day.was_read("gov-collab", _sub("operator"))
        suggestions = operator.get(f"{HOTLINE}/{ticket['id']}/suggestions")
        day.facts["suggested"] = suggestions
        classified = operator.post(
            f"{HOTLINE}/{ticket['id']}/classifications", {"nature": "complaint", "matter": "street-lighting"}
        )
        day.tell(f"分类 classified {classified['matter']} · {classified['handled_as']} · {classified['division_code']}")
        return dict(ticket)


def assign_while_city_ops_is_down(day: Day) -> str:
    """The operator assigns while city-ops and its worker are stopped; the case is there once they are back."""
    for name in ("city-ops", "city-ops-worker"):
        control.hold(day.city, name)
    day.tell("city-ops 停机 is stopped")
    assigned = day.persona("operator").post(f"{HOTLINE}/{day.facts['ticket']}/assignments", {})
    day.tell(f"派单照常 assigned all the same, to {assigned['department_name']} · {assigned['due_at'][:16]}")
    for name in ("city-ops", "city-ops-worker"):
        control.release(day.city, name)
    dispatcher = day.persona("dispatcher")
    case = wait_for("the case", lambda: _case_of(day, dispatcher))
    day.facts["case"] = case["id"]
    day.tell(f"city-ops 恢复 is back; 案件 case {case['number']} · {case['state']}", day.url(f"{CASES}/{case['id']}"))
    return str(case["id"])


def handle(day: Day) -> None:
    """The desk accepts, files and dispatches; an officer handles; another verifies; the desk closes."""
    case = f"{CASES}/{day.facts['case']}"
    dispatcher, officer, verifier = (day.persona(key) for key in ("dispatcher", "officer", "verifier"))
    dispatcher.get(case)
    day.was_read("city-ops", _sub("dispatcher"))
    dispatcher.post(f"{case}/acceptances", {})
    classes = dispatcher.get(f"{CASES}/classes")
    code = _lighting(classes)
    dispatcher.post(f"{case}/filings", {"class_code": code})
    urban = signin.personas()["officer"]["department_code"]
    dispatched = dispatcher.post(f"{case}/dispatches", {"department_code": urban})
    day.tell(f"受理 立案 派遣 accepted, filed, dispatched to {dispatched['department_name']} · {dispatched['due_at']}")
    officer.get(case)
    day.was_read("city-ops", _sub("officer"))
    officer.post(f"{case}/handlings", {"result": "更换三盏灯具并恢复供电，已亮灯。"})
    own = officer.send("POST", f"{case}/verifications", json={"passed": True})
    if own.status_code != 403:
        raise Unexpected(f"the officer could verify his own work: {own.status_code}")
    day.tell(f"处置 handled; 自己核查被拒 his own verification is refused: {own.status_code}")
    verifier.get(case)
    day.was_read("city-ops", _sub("verifier"))
    verifier.post(f"{case}/verifications", {"passed": True, "note": "夜间复查，三盏路灯均已亮起。"})
    closed = dispatcher.post(f"{case}/closings", {"outcome_text": "三盏路灯已于当日更换灯具并恢复照明，经核查属实。"})
    day.tell(f"核查 结案 verified by another, closed: {closed['state']} {closed['outcome']}")


def rate(day: Day) -> dict[str, Any]:
    """The outcome comes back by event; she gets messages, rates it, and sees the whole trail."""
    assert day.citizen is not None
    ticket = wait_for("the answer", lambda: _ticket_in(day, "answered"))
    day.tell(f"答复 answer: {ticket['answer']}")
    rated = day.citizen.post(f"{HOTLINE}/{ticket['id']}/ratings", {"satisfaction": 1, "note": "很快，谢谢"})
    day.tell(f"评价 rated 非常满意 → {rated['state']}; 全程 {len(rated['trail'])} 步 the whole trail")
    for entry in rated["trail"]:
        day.tell(f"  {entry['at'][:19]}  {entry['title']}")
    messages = wait_for("her messages", lambda: _messages(day, 4))
    for message in reversed(messages):
        day.tell(f"  消息 message: {message['title']}")
    return dict(rated)


def nothing_twice(day: Day) -> int:
    """Step 6: city-ops was down in step 2. One ticket made one case, and each turn was told once."""
    with day.step(6, "第 2 步中停过一个服务", "One service was down during step 2: nothing lost, nothing twice"):
        number = _ticket(day)["number"]
        cases = [case for case in _recent_cases(day.persona("dispatcher")) if case["source_number"] == number]
        if len(cases) != 1:
            raise Unexpected(f"one ticket made {len(cases)} cases")
        endings = wait_for("the last messages", lambda: _endings(day))
        if len(endings) != 2:
            raise Unexpected(f"the closing and the answer were told {len(endings)} times")
        day.tell("一单一案，每次进展只通知一次 one ticket, one case; the closing and the answer were told once each")
        return len(cases)


def _sub(key: str) -> str:
    return f"sub:{signin.personas()[key]['subject']}"


def _ticket(day: Day) -> dict[str, Any]:
    assert day.citizen is not None
    return dict(day.citizen.get(f"{HOTLINE}/{day.facts['ticket']}"))


def _ticket_in(day: Day, state: str) -> dict[str, Any] | None:
    ticket = _ticket(day)
    return ticket if ticket["state"] == state else None


def _recent_cases(dispatcher: Person) -> list[dict[str, Any]]:
    return list(dispatcher.get(CASES, source_kind="hotline", limit=50)["items"])


def _case_of(day: Day, dispatcher: Person) -> dict[str, Any] | None:
    number = _ticket(day)["number"]
    return next((case for case in _recent_cases(dispatcher) if case["source_number"] == number), None)


def _lighting(classes: dict[str, Any]) -> str:
    """The class of a broken street lamp, by its name."""
    return str(next(one["code"] for one in classes["items"] if "路灯" in one["name"]))


def _endings(day: Day) -> list[str] | None:
    """The messages that the case was closed and the ticket answered, once both are there."""
    told = [one["title"] for one in _messages(day, 1) or []]
    endings = [title for title in told if "已结案" in title or "已答复" in title]
    return endings if len(endings) >= 2 else None


def _messages(day: Day, least: int) -> list[dict[str, Any]] | None:
    assert day.citizen is not None
    items = day.citizen.get("/api/citizen-pass/v1/messages", limit=50)["items"]
    return list(items) if len(items) >= least else None
