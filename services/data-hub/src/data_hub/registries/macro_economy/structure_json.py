"""Writes structures as SDMX-JSON 1.0.0 and 2.0.0."""

import json
from datetime import datetime
from typing import Any

from data_hub.registries.macro_economy.domain import reference
from data_hub.registries.macro_economy.structure_xml import urn
from data_hub.registries.macro_economy.structures import Structure

_LISTS = {
    "dataflow": "dataflows", "datastructure": "dataStructures", "codelist": "codelists",
    "conceptscheme": "conceptSchemes", "agencyscheme": "agencySchemes",
    "contentconstraint": "contentConstraints",
}  # fmt: skip
SCHEMA = "https://json.sdmx.org/{}/sdmx-json-structure-schema.json"


def write(found: list[Structure], message_id: str, prepared: datetime, base: str, *, second: bool) -> str:
    """The structure message."""
    writer = _Writer(base, second=second)
    data: dict[str, list[Any]] = {}
    for one in found:
        listed = "dataConstraints" if second and one.kind == "contentconstraint" else _LISTS[one.kind]
        data.setdefault(listed, []).append(writer.artefact(one))
    meta = {
        "schema": SCHEMA.format("2.0.0" if second else "1.0"), "id": message_id, "prepared": prepared.isoformat(),
        "test": False, "contentLanguages": ["zh", "en"], "sender": {"id": "HS", "name": "衡水市大数据中心"},
    }  # fmt: skip
    return json.dumps({"meta": meta, "data": data}, ensure_ascii=False, separators=(",", ":"))


class _Writer:
    def __init__(self, base: str, *, second: bool) -> None:
        self._base = base
        self._second = second

    def artefact(self, one: Structure) -> dict[str, Any]:
        """An artefact as an object."""
        found = {"id": one.id, "agencyID": one.agency, "version": one.version, **_named(one.document)}
        name = urn(one).replace(".ContentConstraint=", ".DataConstraint=") if self._second else urn(one)
        found["links"] = [{"rel": "self", "urn": name, "type": one.kind}]
        found["isExternalReference"] = one.stub
        if one.stub:
            url = f"{self._base}/{one.kind}/{one.agency}/{one.id}/{one.version}"
            found["links"].append({"rel": "external", "href": url, "type": one.kind})
            return found
        if not self._second and one.kind not in ("agencyscheme", "contentconstraint"):
            found["isFinal"] = one.kind != "codelist"
        return found | getattr(self, f"_{one.kind}")(one)  # type: ignore[no-any-return]  # each writes an object

    def _dataflow(self, one: Structure) -> dict[str, Any]:
        return {"structure": _urn("datastructure.DataStructure", one.document["structure"])}

    def _codelist(self, one: Structure) -> dict[str, Any]:
        codes = [
            {"id": code["id"], **_named(code)} | ({"parent": code["parent"]} if code.get("parent") else {})
            for code in one.document["codes"]
        ]
        return {"isPartial": False, "codes": codes}

    def _conceptscheme(self, one: Structure) -> dict[str, Any]:
        concepts = [{"id": concept["id"], **_named(concept)} for concept in one.document["concepts"]]
        return {"isPartial": False, "concepts": concepts}

    def _agencyscheme(self, one: Structure) -> dict[str, Any]:
        return {"isPartial": False, "agencies": [{"id": o["id"], **_named(o)} for o in one.document["agencies"]]}

    def _contentconstraint(self, one: Structure) -> dict[str, Any]:
        keys: list[dict[str, Any]] = [
            {"id": name, "values": [{"value": code} for code in codes] if self._second else codes}
            for name, codes in one.document["values"].items()
        ]
        if one.document["time"]:
            ends = [{"period": day, "isInclusive": True} for day in one.document["time"]]
            keys.append({"id": "TIME_PERIOD", "timeRange": {"startPeriod": ends[0], "endPeriod": ends[1]}})
        counted = one.document["metrics"].items()
        return {
            "role" if self._second else "type": "Actual",
            "annotations": [{"id": name, "title": str(number), "type": "sdmx_metrics"} for name, number in counted],
            "constraintAttachment": {"dataflows": [_urn("datastructure.Dataflow", one.document["flow"])]},
            "cubeRegions": [{"include" if self._second else "isIncluded": True, "keyValues": keys}],
        }

    def _datastructure(self, one: Structure) -> dict[str, Any]:
        dimensions = [
            self._dimension(one, dimension, place) for place, dimension in enumerate(one.document["dimensions"])
        ]
        time: dict[str, Any] = {
            "id": "TIME_PERIOD", "conceptIdentity": _concept(one, "TIME_PERIOD"),
            "localRepresentation": self._format("ObservationalTimePeriod"),
        }  # fmt: skip
        if not self._second:
            time |= {"position": len(dimensions), "type": "TimeDimension"}
        times = {"timeDimension": time} if self._second else {"timeDimensions": [time]}
        components = {"dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions, **times}}
        components["measureList"] = self._measures(one)
        if one.document["attributes"]:
            listed = [self._attribute(one, attribute) for attribute in one.document["attributes"]]
            components["attributeList"] = {"id": "AttributeDescriptor", "attributes": listed}
        return {"dataStructureComponents": components}

    def _dimension(self, one: Structure, dimension: dict[str, Any], place: int) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": dimension["id"], "position": place, "conceptIdentity": _concept(one, dimension["id"]),
            "localRepresentation": {"enumeration": _urn("codelist.Codelist", dimension["codelist"])},
        }  # fmt: skip
        return found if self._second else found | {"type": "Dimension"}

    def _measures(self, one: Structure) -> dict[str, Any]:
        measure = {
            "id": "OBS_VALUE", "conceptIdentity": _concept(one, "OBS_VALUE"),
            "localRepresentation": self._format("Double"),
        }  # fmt: skip
        found = {"measures": [measure]} if self._second else {"primaryMeasure": measure}
        return {"id": "MeasureDescriptor", **found}

    def _attribute(self, one: Structure, attribute: dict[str, Any]) -> dict[str, Any]:
        related: dict[str, Any] = {"observation": {}} if self._second else {"primaryMeasure": "OBS_VALUE"}
        if attribute["level"] == "series":
            related = {"dimensions": [dimension["id"] for dimension in one.document["dimensions"]]}
        shape = self._format("String")
        if attribute.get("codelist"):
            shape = {"enumeration": _urn("codelist.Codelist", attribute["codelist"])}
        status = "mandatory" if attribute["required"] else "optional" if self._second else "Conditional"
        name = "usage" if self._second else "assignmentStatus"
        found = {
            "id": attribute["id"], name: status if self._second else status.capitalize(),
            "conceptIdentity": _concept(one, attribute["id"]), "localRepresentation": shape,
            "attributeRelationship": related,
        }  # fmt: skip
        return found | {"measureRelationship": ["OBS_VALUE"]} if self._second and "observation" in related else found

    def _format(self, kind: str) -> dict[str, Any]:
        return {"format": {"dataType": kind}} if self._second else {"textFormat": {"textType": kind}}


def _named(document: dict[str, Any]) -> dict[str, Any]:
    name = document["name"]
    found = {"name": name["zh"], "names": name}
    described = document.get("description")
    return found | ({"description": described, "descriptions": {"zh": described}} if described else {})


def _urn(kind: str, text: str) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.{kind}={text}"


def _concept(one: Structure, name: str) -> str:
    ref = reference(one.document["concepts"])
    return f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={ref}.{name}"
