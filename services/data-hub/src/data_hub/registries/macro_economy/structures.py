"""Which artefacts answer a structure query, and how they refer to each other; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

KINDS = ("dataflow", "datastructure", "codelist", "conceptscheme", "agencyscheme", "contentconstraint")
# Named by the standard; the city keeps none of them, so the answer is that there is none.
OTHERS = frozenset((
    "categoryscheme", "categorisation", "actualconstraint", "allowedconstraint",
    "attachmentconstraint", "dataproviderscheme", "dataconsumerscheme", "organisationunitscheme", "organisationscheme",
    "provisionagreement", "hierarchicalcodelist", "metadatastructure", "metadataflow", "structureset", "process",
    "reportingtaxonomy", "transformationscheme", "rulesetscheme", "userdefinedoperatorscheme", "customtypescheme",
    "namepersonalisationscheme", "vtlmappingscheme", "hierarchy", "valuelist", "dataconstraint",
))  # fmt: skip
REFERENCES = ("none", "parents", "parentsandsiblings", "ancestors", "children", "descendants", "all")
DETAILS = ("full", "allstubs", "referencestubs", "allcompletestubs", "referencecompletestubs", "referencepartial")
_LATEST = ("latest", "+", "~")


@dataclass(frozen=True)
class Structure:
    """An artefact with its document; a stub where only its name is told."""

    kind: str
    agency: str
    id: str
    version: str
    document: dict[str, Any]
    stub: bool = False
    changed_at: datetime | None = None

    @property
    def ref(self) -> str:
        """The reference of the artefact."""
        return f"{self.agency}:{self.id}({self.version})"

    @property
    def key(self) -> tuple[str, str]:
        """Kind and reference."""
        return self.kind, self.ref

    def children(self) -> set[tuple[str, str]]:
        """What it refers to."""
        if self.kind == "contentconstraint":
            return {("dataflow", self.document["flow"])}
        if self.kind == "dataflow":
            return {("datastructure", self.document["structure"])}
        if self.kind != "datastructure":
            return set()
        listed = [*self.document["dimensions"], *self.document["attributes"]]
        found = {("codelist", one["codelist"]) for one in listed if one.get("codelist")}
        return found | {("conceptscheme", self.document["concepts"])}


def agency_scheme(agencies: Iterable[str]) -> Structure:
    """The agencies that maintain artefacts here, as a scheme."""
    named = {"HS": {"zh": "衡水市", "en": "Hengshui"}}
    listed = [{"id": one, "name": named.get(one, {"zh": one, "en": one})} for one in sorted({"HS", *agencies})]
    name = {"zh": "维护机构", "en": "Maintenance agencies"}
    return Structure("agencyscheme", "SDMX", "AGENCIES", "1.0", {"name": name, "agencies": listed})


def version_key(version: str) -> tuple[int, ...]:
    """Versions in their order: 1.10 comes after 1.9."""
    return tuple(int(part) for part in version.split("."))


def _ids(text: str) -> frozenset[str] | None:
    return None if text in ("all", "*") else frozenset(re.split(r"[+,]", text))


def asked(known: list[Structure], kind: str, agency: str, name: str, version: str) -> list[Structure]:
    """The artefacts that a query names; `structure` and `*` ask for every kind."""
    kinds = KINDS if kind in ("structure", "*") else (kind,)
    agencies, names = _ids(agency), _ids(name)
    found = [
        one for one in known
        if one.kind in kinds and (agencies is None or one.agency in agencies) and (names is None or one.id in names)
    ]  # fmt: skip
    if version in ("all", "*"):
        return found
    if version in _LATEST:
        best: dict[tuple[str, str, str], Structure] = {}
        for one in found:
            place = (one.kind, one.agency, one.id)
            if place not in best or version_key(one.version) > version_key(best[place].version):
                best[place] = one
        return list(best.values())
    versions = _ids(version) or frozenset()
    return [one for one in found if one.version in versions]


def with_references(known: list[Structure], found: list[Structure], references: str) -> list[Structure]:
    """The artefacts with those that `references` asks for beside them, each once, in the order of the standard."""
    by_key = {one.key: one for one in known}
    chosen = {one.key for one in found}
    more: set[tuple[str, str]] = set()
    if references in ("children", "descendants", "all") or references in KINDS:
        more |= _down(by_key, chosen, deep=references != "children")
    if references in ("parents", "parentsandsiblings", "ancestors", "all") or references in KINDS:
        parents = _up(known, chosen, deep=references in ("ancestors", "all") or references in KINDS)
        more |= parents
        if references in ("parentsandsiblings", "all"):
            more |= _down(by_key, parents, deep=references == "all")
    if references in KINDS:
        more = {key for key in more if key[0] == references}
    keys = chosen | more
    return sorted((one for one in known if one.key in keys), key=lambda one: (KINDS.index(one.kind), one.ref))


def _down(by_key: dict[tuple[str, str], Structure], start: set[tuple[str, str]], *, deep: bool) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    front = set(start)
    while front:
        front = {child for key in front if key in by_key for child in by_key[key].children()} - found
        found |= front
        if not deep:
            break
    return found


def _up(known: list[Structure], start: set[tuple[str, str]], *, deep: bool) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    front = set(start)
    while front:
        front = {one.key for one in known if not one.children().isdisjoint(front)} - found
        found |= front
        if not deep:
            break
    return found
