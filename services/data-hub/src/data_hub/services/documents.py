"""A service's own documents: OpenAPI 3.1 for programs; the page for people is a template."""

from typing import Any

from data_hub.datasets.domain import ColumnType
from data_hub.services.domain import AGGREGATES, MOST_ROWS, USUAL_ROWS, WHERE
from data_hub.services.operators import COMPARISONS, PATTERNS
from data_hub.services.schemas import DataService

_TYPES: dict[str, dict[str, Any]] = {
    ColumnType.string.value: {"type": ["string", "null"]},
    ColumnType.integer.value: {"type": ["integer", "null"]},
    ColumnType.number.value: {"type": ["number", "null"]},
    ColumnType.boolean.value: {"type": ["boolean", "null"]},
    ColumnType.date.value: {"type": ["string", "null"], "format": "date"},
    ColumnType.datetime.value: {"type": ["string", "null"], "format": "date-time"},
}

KINDS = {  # what people call the types of items
    ColumnType.string.value: ("文本", "text"), ColumnType.integer.value: ("整数", "integer"),
    ColumnType.number.value: ("数值", "number"), ColumnType.boolean.value: ("是否", "yes or no"),
    ColumnType.date.value: ("日期", "date"), ColumnType.datetime.value: ("时间", "time"),
}  # fmt: skip


def openapi(service: DataService) -> dict[str, Any]:
    """The OpenAPI document of one service: its items as parameters and as the properties of a row.

    An item that is named as a word of the grammar has `where.` before its name: `where.limit=gt.1`.
    """
    parameters = [_parameter(name, description) for name, description in _ASKED.items()]
    parameters += [
        _parameter(asked_by(item.name), f"{item.title} ({item.type}): operator.value; {', '.join(item.operators)}")
        for item in service.items
    ]
    properties = {item.name: _TYPES[item.type] | {"title": item.title} for item in service.items}
    return {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": "1", "description": f"{service.summary}\n\n{grammar()}"},
        "paths": {service.rows: {"get": _operation(service, parameters)}},
        "components": {
            "schemas": {
                "Row": {"type": "object", "properties": properties},
                "Page": {
                    "type": "object", "required": ["items", "next"],
                    "properties": {
                        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                        "next": {"type": ["string", "null"]}, "count": {"type": "integer"},
                    },
                },
            },
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }  # fmt: skip


def grammar() -> str:
    """The grammar in one paragraph."""
    operators = ", ".join([*COMPARISONS, *PATTERNS, "in", "is"])
    chinese = (
        f"条件写作 `数据项=运算符.值`，可加 `not.`，可用 `and=(…)`、`or=(…)` 组合；与保留字同名的数据项前加 `{WHERE}`。"
    )
    english = (
        f"Conditions are `item=operator.value` with {operators}; `not.` before, `and=(…)` and `or=(…)` around;"
        f" `{WHERE}` before an item that is named as a word of the grammar: `{WHERE}limit=gt.1`."
    )
    return f"{chinese} {english} Aggregates: {', '.join(sorted(AGGREGATES))}."


def asked_by(name: str) -> str:
    """The parameter that states a condition on an item."""
    return f"{WHERE}{name}" if name in _ASKED else name


_ASKED = {
    "select": "数据项或聚合 Items, or aggregates: station,avg(aqi)",
    "order": "排序 Order: hour.desc.nullslast",
    "limit": f"每页行数 Rows of a page, 1 to {MOST_ROWS}; {USUAL_ROWS} unless told otherwise",
    "after": "下一页 `next` of the page before",
    "count": "`exact`: 统计总数 count all that is found",
    "grant": "授权编号 The grant to read under, where there are several",
    "and": "同时满足的条件 Conditions that all hold: (aqi.gt.100,hour.is.null)",
    "or": "满足其一的条件 Conditions of which one holds",
}


def _parameter(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": description}


def _operation(service: DataService, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    page = {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}
    problem = {"description": "RFC 9457", "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    return {
        "summary": f"{service.name} Rows", "operationId": "rows", "parameters": parameters,
        "security": [{}] if service.opened else [{"token": []}, {"key": []}],
        "responses": {"200": {"description": "A page of rows", "content": page}, "4XX": problem},
    }  # fmt: skip
