"""The opened resources as a DCAT-AP 3 catalogue, as JSON-LD; without I/O.

Mapping of the national core metadata: 代码 dct:identifier, 名称 dct:title, 摘要 dct:description, 提供方 dct:publisher,
数源部门 dct:creator, 信息资源分类 and 领域 dcat:theme, 信息项 csvw:tableSchema, 开放属性 dct:accessRights,
更新周期 dct:accrualPeriodicity, 关联资源 dct:relation.
"""

from typing import Any

from data_hub.datasets.domain import ColumnType
from data_hub.resources.dcat import vocabulary as words
from data_hub.resources.dcat.forms import Form
from data_hub.resources.dcat.vocabulary import Node, said
from data_hub.resources.outlets import QUERY, ROWS, SUMMARY, TITLE, Addresses, Outlet, outlets
from data_hub.resources.schemas import InformationItem, PublicPart, Resource

PUBLISHER = "衡水市数据局"
SERVICE = ("开放数据查询接口（CKAN Action API）", "Queries of opened data (CKAN Action API)")
_DATATYPES = {
    ColumnType.string: "string", ColumnType.integer: "integer", ColumnType.number: "decimal",
    ColumnType.boolean: "boolean", ColumnType.date: "date", ColumnType.datetime: "dateTime",
}  # fmt: skip


def catalogue(part: PublicPart, form: Form, after: str | None, limit: int, at: Addresses) -> dict[str, Any]:
    """A part of the catalogue, after a code, as a JSON-LD document whose other parts lie in the given form."""
    changed = part.model_dump(mode="json", include={"changed_at"})["changed_at"]
    whole: Node = {
        "@id": at.catalogue, "@type": "dcat:Catalog", "dct:title": said(*TITLE), "dct:description": said(*SUMMARY),
        "dct:publisher": _agent(f"{at.catalogue}#publisher", PUBLISHER), "dct:language": words.chinese(),
        "dct:modified": words.moment(changed), "dcat:themeTaxonomy": words.theme_taxonomy(),
        "foaf:homepage": {"@id": at.home, "@type": "foaf:Document"}, "dcat:service": _service(at),
        "dcat:dataset": [_dataset(one, at) for one in part.resources],
    }  # fmt: skip
    return {"@context": words.CONTEXT, "@graph": [whole, _view(part, form, after, limit, at)]}


def _view(part: PublicPart, form: Form, after: str | None, limit: int, at: Addresses) -> Node:
    """Where the other parts lie (Hydra), in the form that is being read: who reads Turtle goes on in Turtle."""
    view: Node = {
        "@id": at.part(form, after, limit), "@type": "hydra:PartialCollectionView",
        "hydra:totalItems": part.total, "hydra:itemsPerPage": limit,
        "hydra:first": {"@id": at.part(form, None, limit)},
        "hydra:last": {"@id": at.part(form, part.last_after, limit)},
    }  # fmt: skip
    if part.more:
        view["hydra:next"] = {"@id": at.part(form, part.resources[-1].code, limit)}
    return view


def _service(at: Addresses) -> Node:
    return {
        "@id": at.ckan, "@type": "dcat:DataService", "dct:title": said(*SERVICE), "dct:description": said(*SUMMARY),
        "dcat:endpointURL": {"@id": at.actions, "@type": "rdfs:Resource"},
        "dct:accessRights": words.public(),
    }  # fmt: skip


def _agent(id_: str, name: str, code: str | None = None) -> Node:
    agent: Node = {"@id": id_, "@type": "foaf:Agent", "foaf:name": said(name)}
    if code is not None:
        agent["dct:identifier"] = code
    return agent


def _dataset(one: Resource, at: Addresses) -> Node:
    told = one.model_dump(mode="json", include={"published_at", "changed_at"})
    node: Node = {
        "@id": at.resource(one.code), "@type": "dcat:Dataset", "dct:identifier": one.code,
        "adms:identifier": {"@id": f"{at.resource(one.code)}#code", "@type": "adms:Identifier",
                            "skos:notation": one.code},
        "dct:title": said(one.name, one.name_en), "dct:description": said(one.summary, one.summary_en),
        "dct:publisher": _agent(at.department(one.provider), one.provider_name, one.provider),
        "dct:creator": _agent(at.department(one.source_department), one.source_department_name, one.source_department),
        "dcat:theme": words.theme(one.theme), "dct:language": words.chinese(), "dct:accessRights": words.public(),
        "dct:spatial": {"@id": at.city, "@type": "dct:Location"},
        "dct:accrualPeriodicity": words.frequency(one.update_cycle), "dcat:version": str(one.version),
        "dct:modified": words.moment(told["changed_at"]), "dcat:keyword": [said(tag)[0] for tag in one.tags],
        "dct:relation": [{"@id": at.resource(code)} for code in one.related],
        "dcat:distribution": [_distribution(one, outlet, at) for outlet in outlets(one, at)],
    }  # fmt: skip
    if one.published_at is not None:
        node["dct:issued"] = words.moment(told["published_at"])
    if one.contact is not None:
        contact = {
            "@id": f"{at.resource(one.code)}#contact",
            "@type": ["vcard:Kind", "vcard:Organization"],
            "vcard:fn": one.contact,
        }
        node["dcat:contactPoint"] = contact
    return node


def _distribution(one: Resource, outlet: Outlet, at: Addresses) -> Node:
    node: Node = {
        "@id": f"{at.resource(one.code)}#{outlet.kind}", "@type": "dcat:Distribution",
        "dct:title": said(outlet.title, outlet.title_en), "dct:description": said(one.summary, one.summary_en),
        "dcatap:availability": words.lasting(), "dcat:mediaType": words.media_type(outlet.media_type),
        "dct:format": words.file_type(outlet.format), "dcat:accessURL": {"@id": outlet.url, "@type": "rdfs:Resource"},
    }  # fmt: skip
    if (licence := words.licence(one.licence)) is not None:
        node["dct:license"] = licence
    if outlet.kind == ROWS:
        node["dcat:downloadURL"] = {"@id": outlet.url, "@type": "rdfs:Resource"}
        node["csvw:tableSchema"] = _table_schema(one, f"{at.resource(one.code)}#items")
    elif outlet.kind == QUERY:
        node["dcat:accessService"] = {"@id": at.ckan}
    return node


def _table_schema(one: Resource, id_: str) -> Node:
    """信息项 as a table's schema (CSV on the Web)."""
    columns = [_column(item, f"{id_}.{item.name}") for item in one.items]
    return {
        "@id": id_, "@type": "csvw:Schema", "csvw:column": {"@list": columns},
        "csvw:primaryKey": [item.name for item in one.items if item.name in one.key],
    }  # fmt: skip


def _column(item: InformationItem, id_: str) -> Node:
    return {
        "@id": id_, "@type": "csvw:Column", "csvw:name": item.name, "csvw:title": said(item.title, item.title_en),
        "csvw:datatype": _DATATYPES[item.type], "csvw:required": item.required,
    }  # fmt: skip
