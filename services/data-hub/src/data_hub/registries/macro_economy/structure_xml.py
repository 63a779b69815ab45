"""Writes structures as SDMX-ML 2.1, with their names in both languages and the parents of codes."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from data_hub.registries.macro_economy.data_xml import HEAD, NAMESPACES, SCHEMAS, clean, head
from data_hub.registries.macro_economy.domain import reference
from data_hub.registries.macro_economy.structures import Structure

# The order of the schema, and the element that holds each kind.
_HOLDERS = (
    ("agencyscheme", "OrganisationSchemes"), ("dataflow", "Dataflows"), ("codelist", "Codelists"),
    ("conceptscheme", "Concepts"), ("datastructure", "DataStructures"), ("contentconstraint", "Constraints"),
)  # fmt: skip
_ELEMENTS = {
    "agencyscheme": "AgencyScheme", "dataflow": "Dataflow", "codelist": "Codelist", "conceptscheme": "ConceptScheme",
    "datastructure": "DataStructure", "contentconstraint": "ContentConstraint",
}  # fmt: skip
_PACKAGES = {
    "agencyscheme": "base", "dataflow": "datastructure", "codelist": "codelist", "conceptscheme": "conceptscheme",
    "datastructure": "datastructure", "contentconstraint": "registry",
}  # fmt: skip
STUB = ' isExternalReference="true" structureURL="{}"'


def urn(one: Structure) -> str:
    """The artefact's name in the world."""
    return f"urn:sdmx:org.sdmx.infomodel.{_PACKAGES[one.kind]}.{_ELEMENTS[one.kind]}={one.ref}"


def write(found: list[Structure], message_id: str, prepared: datetime, base: str) -> Iterator[str]:
    """The structure message, piece by piece."""
    yield f'{HEAD}<mes:Structure {NAMESPACES} xmlns:str="{SCHEMAS}/structure">\n'
    yield f"{head(message_id, prepared)}</mes:Header>\n<mes:Structures>\n"
    for kind, holder in _HOLDERS:
        members = [one for one in found if one.kind == kind]
        if members:
            yield f"<str:{holder}>\n"
            for one in members:
                yield _artefact(one, base)
            yield f"</str:{holder}>\n"
    yield "</mes:Structures>\n</mes:Structure>\n"


def _artefact(one: Structure, base: str) -> str:
    element = _ELEMENTS[one.kind]
    url = f"{base}/{one.kind}/{one.agency}/{one.id}/{one.version}"
    stub = STUB.format(url) if one.stub else ' isExternalReference="false"'
    inside = "" if one.stub else _WRITERS[one.kind](one)
    final = (
        ""
        if one.kind in ("agencyscheme", "contentconstraint")
        else ' isFinal="true"'
        if one.kind != "codelist"
        else ' isFinal="false"'
    )
    more = ' type="Actual"' if one.kind == "contentconstraint" else ""
    return (
        f'<str:{element} id="{one.id}" urn="{urn(one)}" agencyID="{one.agency}" version="{one.version}"{final}{stub}'
        f"{more}>{_metrics(one.document)}{_named(one.document)}{inside}</str:{element}>\n"
    )


def _metrics(document: dict[str, Any]) -> str:
    counted = "".join(
        f'<com:Annotation id="{name}"><com:AnnotationTitle>{number}</com:AnnotationTitle>'
        "<com:AnnotationType>sdmx_metrics</com:AnnotationType></com:Annotation>"
        for name, number in document.get("metrics", {}).items()
    )
    return f"<com:Annotations>{counted}</com:Annotations>" if counted else ""


def _named(document: dict[str, Any]) -> str:
    names = "".join(_text("Name", language, text) for language, text in document["name"].items())
    described = document.get("description")
    return names + (_text("Description", "zh", described) if described else "")


def _text(element: str, language: str, text: str) -> str:
    return f'<com:{element} xml:lang="{language}">{escape(clean(text))}</com:{element}>'


def _ref(kind: str, text: str) -> str:
    ref = reference(text)
    return (
        f'<Ref agencyID="{ref.agency}" id="{ref.id}" version="{ref.version}" package="{_PACKAGES[kind]}"'
        f' class="{_ELEMENTS[kind]}"/>'
    )


def _flow(one: Structure) -> str:
    return f"<str:Structure>{_ref('datastructure', one.document['structure'])}</str:Structure>"


def _codelist(one: Structure) -> str:
    stem = f"urn:sdmx:org.sdmx.infomodel.codelist.Code={one.ref}."
    return "".join(
        f'<str:Code id="{code["id"]}" urn="{stem}{code["id"]}">{_named(code)}'
        + (f'<str:Parent><Ref id="{code["parent"]}"/></str:Parent>' if code.get("parent") else "")
        + "</str:Code>\n"
        for code in one.document["codes"]
    )


def _concepts(one: Structure) -> str:
    stem = f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={one.ref}."
    return "".join(
        f'<str:Concept id="{concept["id"]}" urn="{stem}{concept["id"]}">{_named(concept)}</str:Concept>\n'
        for concept in one.document["concepts"]
    )


def _agencies(one: Structure) -> str:
    return "".join(
        f'<str:Agency id="{agency["id"]}">{_named(agency)}</str:Agency>\n' for agency in one.document["agencies"]
    )


def _concept(one: Structure, name: str) -> str:
    ref = reference(one.document["concepts"])
    return (
        f'<str:ConceptIdentity><Ref agencyID="{ref.agency}" maintainableParentID="{ref.id}"'
        f' maintainableParentVersion="{ref.version}" id="{name}" package="conceptscheme" class="Concept"/>'
        "</str:ConceptIdentity>"
    )


def _format(codelist: str | None, kind: str = "String") -> str:
    if codelist:
        inside = f"<str:Enumeration>{_ref('codelist', codelist)}</str:Enumeration>"
    else:
        inside = f'<str:TextFormat textType="{kind}"/>'
    return f"<str:LocalRepresentation>{inside}</str:LocalRepresentation>"


def _structure(one: Structure) -> str:
    dimensions = one.document["dimensions"]
    parts = ['<str:DataStructureComponents><str:DimensionList id="DimensionDescriptor">']
    for place, dimension in enumerate(dimensions, 1):
        name = dimension["id"]
        parts.append(
            f'<str:Dimension id="{name}" position="{place}">{_concept(one, name)}{_format(dimension["codelist"])}'
            "</str:Dimension>\n"
        )
    time = '<str:LocalRepresentation><str:TextFormat textType="ObservationalTimePeriod"/></str:LocalRepresentation>'
    parts.append(
        f'<str:TimeDimension id="TIME_PERIOD" position="{len(dimensions) + 1}">{_concept(one, "TIME_PERIOD")}{time}'
        "</str:TimeDimension></str:DimensionList>\n"
    )
    if one.document["attributes"]:
        parts.append('<str:AttributeList id="AttributeDescriptor">')
        parts += [_attribute(one, attribute) for attribute in one.document["attributes"]]
        parts.append("</str:AttributeList>\n")
    parts.append(
        '<str:MeasureList id="MeasureDescriptor"><str:PrimaryMeasure id="OBS_VALUE">'
        f"{_concept(one, 'OBS_VALUE')}{_format(None, 'Double')}</str:PrimaryMeasure></str:MeasureList>"
        "</str:DataStructureComponents>"
    )
    return "".join(parts)


def _attribute(one: Structure, attribute: dict[str, Any]) -> str:
    status = "Mandatory" if attribute["required"] else "Conditional"
    related = '<str:PrimaryMeasure><Ref id="OBS_VALUE"/></str:PrimaryMeasure>'
    if attribute["level"] == "series":
        names = (dimension["id"] for dimension in one.document["dimensions"])
        related = "".join(f'<str:Dimension><Ref id="{name}"/></str:Dimension>' for name in names)
    name = attribute["id"]
    return (
        f'<str:Attribute id="{name}" assignmentStatus="{status}">{_concept(one, name)}'
        f"{_format(attribute.get('codelist'))}<str:AttributeRelationship>{related}</str:AttributeRelationship>"
        "</str:Attribute>\n"
    )


def _constraint(one: Structure) -> str:
    keys = [
        f'<com:KeyValue id="{name}">{"".join(f"<com:Value>{code}</com:Value>" for code in codes)}</com:KeyValue>\n'
        for name, codes in one.document["values"].items()
    ]
    if one.document["time"]:
        first, last = one.document["time"]
        keys.append(
            f'<com:KeyValue id="TIME_PERIOD"><com:TimeRange><com:StartPeriod isInclusive="true">{first}'
            f'</com:StartPeriod><com:EndPeriod isInclusive="true">{last}</com:EndPeriod></com:TimeRange></com:KeyValue>'
        )
    attached = f"<str:Dataflow>{_ref('dataflow', one.document['flow'])}</str:Dataflow>"
    return (
        f"<str:ConstraintAttachment>{attached}</str:ConstraintAttachment>"
        f'<str:CubeRegion include="true">{"".join(keys)}</str:CubeRegion>'
    )


_WRITERS = {
    "dataflow": _flow, "codelist": _codelist, "conceptscheme": _concepts, "agencyscheme": _agencies,
    "datastructure": _structure, "contentconstraint": _constraint,
}  # fmt: skip
