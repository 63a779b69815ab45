"""The rules of messages: states that only rise, quiet hours, the length of short messages, templates."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from math import ceil

from citykit.clock import CHINA


class DeliveryState(StrEnum):
    """How far a message got on one channel."""

    created = "created"
    queued = "queued"  # waits for its job, or for the end of the quiet hours
    sent = "sent"  # handed to the provider
    delivered = "delivered"  # arrived
    read = "read"  # opened by the person
    failed = "failed"  # will not arrive


_RANK = {state: rank for rank, state in enumerate(("created", "queued", "sent", "failed", "delivered", "read"))}


def later(current: str, reported: str) -> str:
    """The state after a report: reports may come late or twice, so a state only rises.

    A failure is final but for proof of arrival: `delivered` and `read` replace it, a late `sent` does not.
    """
    return reported if _RANK[reported] > _RANK[current] else current


def after_quiet_hours(now: datetime, quiet_from: time, quiet_until: time) -> datetime | None:
    """When a message may go out that comes at `now`, by Beijing time; None where it may at once.

    The hours are half-open, [from, until), and may go over midnight; equal ends mean that there are none.
    """
    local = now.astimezone(CHINA)
    clock = local.time()
    over_midnight = quiet_from > quiet_until
    quiet = (clock >= quiet_from or clock < quiet_until) if over_midnight else quiet_from <= clock < quiet_until
    if not quiet:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= quiet_from else local.date()
    return datetime.combine(day, quiet_until, tzinfo=CHINA)


def sms_parts(text: str) -> int:
    """How many parts a short message in Chinese takes: 70 characters in one, else 67 each (UCS-2, 3GPP TS 23.040)."""
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else ceil(length / 67)


@dataclass(frozen=True)
class Template:
    """Words for one kind of message, in Chinese and English; `{name}` is a place, `version` rises with the words.

    `short` goes out by e-mail subject and short message: it holds no place, so no personal data can get in.
    """

    version: int
    title: tuple[str, str]
    body: tuple[str, str]
    short: tuple[str, str]


TEMPLATES: dict[str, Template] = {
    "ticket-taken": Template(
        1,
        ("热线工单 {number} 已受理", "Hotline ticket {number} was taken"),
        ("您反映的“{title}”已受理，工单编号 {number}。", "Your message “{title}” was taken as ticket {number}."),
        ("您的热线诉求已受理", "Your hotline message was taken"),
    ),
    "ticket-assigned": Template(
        1,
        ("热线工单 {number} 已派至{department}", "Hotline ticket {number} was assigned to {department}"),
        (
            "您反映的“{title}”由{department}办理，答复期限 {due}。",
            "“{title}” is handled by {department}; the answer is due by {due}.",
        ),
        ("您的热线诉求已派单", "Your hotline message was assigned"),
    ),
    "ticket-answered": Template(
        1,
        ("热线工单 {number} 已答复", "Hotline ticket {number} was answered"),
        ("{department}对“{title}”的答复：{answer}", "The answer of {department} to “{title}”: {answer}"),
        ("您的热线诉求已有答复", "Your hotline message was answered"),
    ),
    "ticket-closed": Template(
        1,
        ("热线工单 {number} 已办结", "Hotline ticket {number} is closed"),
        ("您反映的“{title}”已办结。感谢您的反映。", "The matter “{title}” is closed. Thank you for telling us."),
        ("您的热线诉求已办结", "Your hotline matter is closed"),
    ),
    "case-reported": Template(
        1,
        ("城管案件 {number} 已登记", "City case {number} was registered"),
        ("您上报的“{title}”已登记，案件编号 {number}。", "Your report “{title}” was registered as case {number}."),
        ("您上报的问题已登记", "Your report was registered"),
    ),
    "case-progressed": Template(
        1,
        ("城管案件 {number} 有新进展", "News of city case {number}"),
        ("案件 {number}：{state}。{note}", "Case {number}: {state_en}. {note}"),
        ("您上报的问题有新进展", "There is news of your report"),
    ),
    "case-closed": Template(
        1,
        ("城管案件 {number} 已结案", "City case {number} is closed"),
        ("案件 {number} 已结案：{outcome}。{text}", "Case {number} is closed: {outcome_en}. {text}"),
        ("您上报的问题已结案", "Your report is closed"),
    ),
    "request-submitted": Template(
        1,
        ("企业诉求 {number} 已提交", "Request {number} was submitted"),
        ("{firm}的诉求“{title}”已提交，编号 {number}。", "The request “{title}” of {firm} was submitted as {number}."),
        ("企业诉求已提交", "The request was submitted"),
    ),
    "request-answered": Template(
        1,
        ("企业诉求 {number} 已答复", "Request {number} was answered"),
        ("对“{title}”的答复：{answer}", "The answer to “{title}”: {answer}"),
        ("企业诉求已有答复", "The request was answered"),
    ),
    "request-escalated": Template(
        1,
        ("企业诉求 {number} 已升级督办", "Request {number} was escalated"),
        (
            "“{title}”超期未答复，已升级至第 {level} 级督办。",
            "“{title}” is overdue and was escalated to level {level}.",
        ),
        ("企业诉求已升级督办", "The request was escalated"),
    ),
    "person-changed": Template(
        1,
        ("您的人口库信息有变更", "Your record in the population registry changed"),
        (
            "变更项目：{fields}。如有疑问，请在“谁看过我的数据”中提出或到服务窗口核对。",
            "Changed: {fields}. If you doubt it, ask on the page “Who read my data” or at a counter.",
        ),
        ("您的基础信息有变更", "Your registry record changed"),
    ),
    "person-merged": Template(
        1,
        ("您在人口库中的重复登记已合并", "Your two records in the population registry are one"),
        (
            "登记部门确认您有两条登记记录，已合并为一条。如有疑问，请在“谁看过我的数据”中提出或到服务窗口核对。",
            "You were registered twice; both records are one now. If you doubt it, ask on the page “Who read my data” "
            "or at a counter.",
        ),
        ("您的重复登记已合并", "Your two records are one"),
    ),
    "person-parted": Template(
        1,
        ("您在人口库中的记录合并已撤销", "The merger of your record in the population registry was undone"),
        (
            "此前将您的记录与另一条记录合并有误，现已撤销，您的记录已恢复。",
            "Your record had been merged with another one by mistake; it stands by itself again.",
        ),
        ("您的记录合并已撤销", "The merger of your record was undone"),
    ),
    "correction-decided": Template(
        1,
        ("您提出的信息校核已办结：{outcome}", "Your correction ticket was decided: {outcome_en}"),
        (
            "您对本人“{field}”信息提出的校核已由数源部门办结：{outcome}。",
            "The source department decided the ticket about your {field}: {outcome_en}.",
        ),
        ("您提出的信息校核已办结", "Your correction ticket was decided"),
    ),
    "credit-answered": Template(
        1,
        ("{matter}有新进展：{outcome}", "News of {matter_en}: {outcome_en}"),
        (
            "您为统一社会信用代码 {uscc} 的主体提交的{matter}：{outcome}。",
            "The {matter_en} that you handed in for {uscc}: {outcome_en}.",
        ),
        ("您提交的信用事项有新进展", "There is news of your credit matter"),
    ),
    "credit-recorded": Template(
        1,
        ("您代表的主体新增信用信息：{record}", "New on the credit record of your firm: {record_en}"),
        (
            "统一社会信用代码 {uscc}：{record}。可查看全文；认为有误的可提出异议，符合条件的失信信息可申请修复。",
            "{uscc}: {record_en}. You can read it, dispute it if it is wrong, and have a penalty repaired in time.",
        ),
        ("您代表的主体新增信用信息", "There is a new credit record of your firm"),
    ),
    "licence-issued": Template(
        1,
        ("您有一份新的电子证照", "A licence was issued to you"),
        (
            "证照标识 {identifier}，有效期 {term}。可查看、出示，或授权部门使用。",
            "Licence {identifier}, valid {term_en}. You can read it, show it, or let a department use it.",
        ),
        ("您有一份新的电子证照", "A licence was issued to you"),
    ),
    "licence-changed": Template(
        2,
        ("您或您代表的主体的电子证照{status}", "A licence of yours or of your firm is {status_en}"),
        ("证照标识 {identifier}：{status}。如有疑问，请联系发证机关。", "Licence {identifier} is {status_en}."),
        ("您的电子证照状态有变更", "The status of your licence changed"),
    ),
    "question-answered": Template(
        1,
        ("您对数据访问的质疑已答复", "Your question about an access to your data was answered"),
        ("答复：{answer}", "Answer: {answer}"),
        ("您的质疑已有答复", "Your question was answered"),
    ),
}


@dataclass(frozen=True)
class Words:
    """A message in both languages."""

    title: tuple[str, str]
    body: tuple[str, str]


def write(kind: str, places: dict[str, str]) -> Words:
    """The words of a message of `kind`; `places` are put in as they stand. Raises KeyError for a missing place."""
    template = TEMPLATES[kind]

    def filled(pair: tuple[str, str]) -> tuple[str, str]:
        return pair[0].format_map(places), pair[1].format_map(places)

    return Words(filled(template.title), filled(template.body))
