"""The classification of cases as a dated data pack: classes, filing conditions, time limits, closing conditions."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from city_ops.cases.domain import Limit, LimitUnit


@dataclass(frozen=True)
class CaseStandard:
    """One filing condition 立案条件 of a class, with its limit and its closing condition 结案条件."""

    number: int
    condition: str
    limit: Limit
    closing: str


@dataclass(frozen=True)
class CaseClass:
    """A minor class 小类 of events or components."""

    code: str
    kind: str
    major: str
    minor: str
    grade: str
    standards: tuple[CaseStandard, ...]

    def standard(self, number: int) -> CaseStandard | None:
        """The filing condition with this number, or None."""
        return next((standard for standard in self.standards if standard.number == number), None)


@dataclass(frozen=True)
class ClassPack:
    """A classification in one version."""

    pack: str
    version: str
    source: str
    stages: dict[str, Limit]
    classes: dict[str, CaseClass]


def _limit(of: dict[str, Any]) -> Limit:
    return Limit(of["limit"], LimitUnit(of["unit"]))


def _class(of: dict[str, Any]) -> CaseClass:
    standards = tuple(CaseStandard(s["number"], s["condition"], _limit(s), s["closing"]) for s in of["standards"])
    return CaseClass(of["code"], of["kind"], of["major"], of["minor"], of["grade"], standards)


@cache
def classes() -> ClassPack:
    """The classification that new cases are filed by."""
    document = json.loads(files(__package__).joinpath("classes.json").read_text(encoding="utf-8"))
    return ClassPack(
        document["pack"],
        document["version"],
        document["source"],
        {stage: _limit(of) for stage, of in document["stages"].items()},
        {of["code"]: _class(of) for of in document["classes"]},
    )


def limit_of(stage: str, class_code: str | None, standard: int | None) -> Limit:
    """The limit of a stage: handling by the class standard that the case was filed under, else the pack's own."""
    pack = classes()
    if stage == "handle" and class_code is not None and standard is not None:
        filed = pack.classes.get(class_code)
        found = filed.standard(standard) if filed is not None else None
        if found is not None:
            return found.limit
    return pack.stages[stage]
