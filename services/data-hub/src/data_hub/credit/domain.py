"""The rules of credit records: periods by severity, states, repair, disputes, and how a rating is computed. No I/O.

Documents: 国办发〔2025〕22号 (building of the credit system), 《信用修复管理办法》 NDRC order 36 (in force 2026-04-01).
"""

import calendar
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import rfc8785

REPORT_DAYS = 30  # a report is a picture of one day; after so many days nobody should go by it
RESOURCE = "104001-000001"  # credit records in the catalogue of data resources
EARLIEST_DOCUMENT = date(1949, 10, 1)  # no authority of this state has made an older one
LONGEST_VALIDITY = 100  # years; what holds for good has no last day


class Kind(StrEnum):
    """What a record says."""

    basic = "basic"  # 基础信息: a licence, a registration
    penalty = "penalty"  # 行政处罚等失信信息
    honour = "honour"  # 守信激励信息


class Severity(StrEnum):
    """How grave a penalty is."""

    minor = "minor"  # 轻微
    general = "general"  # 一般
    serious = "serious"  # 严重


class RecordState(StrEnum):
    """What became of a record by acts; what became of it by time is worked out from its days."""

    recorded = "recorded"  # 已记录
    disputed = "disputed"  # 异议处理中: shown with a mark
    corrected = "corrected"  # 已更正: it was wrong and counts for nothing
    repaired = "repaired"  # 已修复: neither shown nor shared nor used any more
    withdrawn = "withdrawn"  # 已撤销、已失效: an honour or a licence that was right and holds no more


ENDED = frozenset({RecordState.corrected, RecordState.repaired, RecordState.withdrawn})


class RepairState(StrEnum):
    """Where an application for repair stands."""

    applied = "applied"  # 已申请
    supplement = "supplement"  # 待补正: the clock stands still
    granted = "granted"  # 准予修复
    refused = "refused"  # 不予修复
    withdrawn = "withdrawn"  # 已撤回
    closed = "closed"  # 已终止: the record ended otherwise, and nothing is left to decide


class DisputeState(StrEnum):
    """Where a dispute stands."""

    raised = "raised"  # 已提出
    upheld = "upheld"  # 维持: the record is right
    corrected = "corrected"  # 更正
    closed = "closed"  # 已终止: the record ended otherwise, and nothing is left to decide


@dataclass(frozen=True)
class Term:
    """For how long penalties of a severity are published, in months from the document's day."""

    severity: Severity
    minimum_months: int
    maximum_months: int
    published: bool  # whether they are published at all, in principle
    effective_from: date
    source: str


@dataclass(frozen=True)
class Period:
    """From when a record may be repaired, if ever, and the first day on which it is not published any more."""

    repairable_from: date | None
    published_until: date
    published: bool


def months_after(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last day where it has no such day."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def term_on(terms: Iterable[Term], severity: Severity, day: date) -> Term:
    """The term of a severity that is in force on `day`, or the earliest one for days before. Raises KeyError."""
    known = sorted((term for term in terms if term.severity is severity), key=lambda term: term.effective_from)
    if not known:
        raise KeyError(severity)
    return next((term for term in reversed(known) if term.effective_from <= day), known[0])


def period_of(term: Term, document_date: date) -> Period:
    """The days of a penalty; the clock starts with its judicial or administrative document."""
    return Period(
        repairable_from=months_after(document_date, term.minimum_months),
        published_until=months_after(document_date, term.maximum_months),
        published=term.published,
    )


def validity_fault(kind: Kind, document_date: date, valid_until: date | None) -> str | None:
    """What is wrong with the last day 有效期 of a record: `kind` for penalties, which have a period, or `range`."""
    if valid_until is None:
        return None
    if kind is Kind.penalty:
        return "kind"
    latest = months_after(document_date, 12 * LONGEST_VALIDITY)
    return None if document_date <= valid_until <= latest else "range"


def period_of_validity(valid_until: date) -> Period:
    """The days of an honour or of basic information that is valid to the end of a day; nothing of it is repaired."""
    return Period(repairable_from=None, published_until=valid_until + timedelta(days=1), published=True)


def is_public(state: RecordState, period: Period | None, lifted_until: date | None, day: date) -> bool:
    """Whether everybody may see a record on `day`: not once it has ended, is lifted for a time, or is over."""
    if state in ENDED:
        return False
    if lifted_until is not None and day < lifted_until:
        return False
    return period is None or (period.published and day < period.published_until)


def counts(state: RecordState, period: Period | None, day: date) -> bool:
    """Whether a record may be used on `day`, in reports and ratings: while it is in force and its period lasts."""
    if state in ENDED:
        return False
    return period is None or day < period.published_until


def status_of(state: RecordState, period: Period | None, lifted_until: date | None, day: date) -> int:
    """What a record makes of a report that names it, in the values of a Token Status List.

    0: nothing; 1: void for good, as it has ended or is over; 2: void while its publication stands still.
    """
    if not counts(state, period, day):
        return 1
    return 2 if lifted_until is not None and day < lifted_until else 0


class RepairFault(StrEnum):
    """Why no repair can be applied for."""

    no_penalty = "no-penalty"  # only penalties are repaired
    too_early = "too-early"  # its minimum period still runs
    over = "over"  # it is not published any more by itself
    ended = "ended"  # it is repaired or corrected already


def repair_fault(kind: Kind, state: RecordState, period: Period | None, day: date) -> RepairFault | None:
    """What stands against an application for repair on `day`, or None."""
    if kind is not Kind.penalty or period is None or period.repairable_from is None:
        return RepairFault.no_penalty
    if state in ENDED:
        return RepairFault.ended
    if day >= period.published_until:
        return RepairFault.over
    return RepairFault.too_early if day < period.repairable_from else None


REPAIR_ACTS: dict[str, tuple[frozenset[RepairState], RepairState]] = {
    "ask": (frozenset({RepairState.applied}), RepairState.supplement),
    "supplement": (frozenset({RepairState.supplement}), RepairState.applied),
    "grant": (frozenset({RepairState.applied}), RepairState.granted),
    "refuse": (frozenset({RepairState.applied}), RepairState.refused),
    "withdraw": (frozenset({RepairState.applied, RepairState.supplement}), RepairState.withdrawn),
}


REPAIR_OPEN = frozenset({RepairState.applied, RepairState.supplement})


def repair_after(act: str, state: RepairState) -> RepairState | None:
    """The state that an act on an application leads to, or None where it is not allowed."""
    allowed, reached = REPAIR_ACTS[act]
    return reached if state in allowed else None


@dataclass(frozen=True)
class Fact:
    """A record as a rating sees it."""

    record: str
    kind: Kind
    severity: Severity | None
    title: str


@dataclass(frozen=True)
class Method:
    """How a rating is computed: points from a beginning, a floor and a ceiling, and the grades by points."""

    version: str
    title: str
    beginning: int
    points: Mapping[str, int]  # "penalty/serious", "penalty/general", "penalty/minor", "honour", "basic"
    most: Mapping[str, int]  # the most points that a kind can add
    grades: tuple[tuple[str, int], ...]  # grade and the least points for it, best first
    source: str


@dataclass(frozen=True)
class Contribution:
    """What one record added or took away, and why."""

    record: str
    title: str
    rule: str
    points: int


@dataclass(frozen=True)
class Rating:
    """A rating and everything that led to it."""

    grade: str
    points: int
    contributions: tuple[Contribution, ...]
    fingerprint: str  # SHA-256 of method and facts in canonical JSON (RFC 8785): the same inputs, the same rating


RULES = frozenset({"penalty/minor", "penalty/general", "penalty/serious", "honour", "basic"})


def method_faults(
    points: Mapping[str, int], most: Mapping[str, int], grades: Sequence[tuple[str, int]]
) -> list[tuple[str, str]]:
    """What is wrong with a method, as (field, code) pairs: unknown rules, grades out of order or without a last one."""
    faults = [("points", f"unknown: {rule}") for rule in sorted(points.keys() - RULES)]
    faults += [("most", f"unknown: {rule}") for rule in sorted(most.keys() - RULES)]
    faults += [("points", f"raises: {rule}") for rule in sorted(RULES) if "/" in rule and points.get(rule, 0) > 0]
    least = [value for _, value in grades]
    if least != sorted(set(least), reverse=True) or len({name for name, _ in grades}) != len(grades):
        faults.append(("grades", "order"))
    if not least or least[-1] != 0:
        faults.append(("grades", "no-last"))
    return faults


def rule_of(fact: Fact) -> str:
    """The rule of a method that a fact falls under."""
    return f"{fact.kind.value}/{fact.severity.value}" if fact.severity is not None else fact.kind.value


def rated(method: Method, facts: Iterable[Fact]) -> Rating:
    """The rating of facts by a method: a pure function of both, in whatever order the facts come."""
    ordered = sorted(facts, key=lambda fact: fact.record)
    room = dict(method.most)
    contributions = []
    for fact in ordered:
        rule = rule_of(fact)
        points = method.points.get(rule, 0)
        if points > 0:
            points = min(points, room.get(rule, points))
            room[rule] = room.get(rule, points) - points
        contributions.append(Contribution(fact.record, fact.title, rule, points))
    total = max(0, min(100, method.beginning + sum(one.points for one in contributions)))
    grade = next((name for name, least in method.grades if total >= least), method.grades[-1][0])
    return Rating(grade, total, tuple(contributions), fingerprint(method, ordered))


def fingerprint(method: Method, facts: Iterable[Fact]) -> str:
    """What a rating was made from, as one number."""
    told: dict[str, Any] = {
        "method": {
            "version": method.version,
            "beginning": method.beginning,
            "points": dict(method.points),
            "most": dict(method.most),
            "grades": [list(grade) for grade in method.grades],
        },
        "facts": [
            {"record": f.record, "kind": f.kind.value, "severity": f.severity.value if f.severity else None}
            for f in sorted(facts, key=lambda fact: fact.record)
        ],
    }
    return hashlib.sha256(rfc8785.dumps(told)).hexdigest()
