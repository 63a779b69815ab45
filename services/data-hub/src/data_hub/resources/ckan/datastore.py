"""The datastore's actions: the rows of opened resources, asked for by name and value, never in SQL."""

from collections.abc import Callable
from typing import Any

from citykit.work import Work
from data_hub import meters
from data_hub.datasets.domain import Column, ColumnType, value
from data_hub.datasets.service import ROW_ID, Dataset, Datasets, RowQuery
from data_hub.opened_reads import Read
from data_hub.resources.ckan.envelope import ROWS, Arguments, CkanRefusal, invalid, not_found
from data_hub.resources.ckan.views import Shown
from data_hub.resources.domain import canonical_code
from data_hub.resources.download import opened_rows
from data_hub.resources.errors import NoResource
from data_hub.resources.outlets import QUERY
from data_hub.resources.outlets import ROWS as OUTLET
from data_hub.resources.reading import Reading
from data_hub.resources.schemas import Resource

MOST_ROWS, FURTHEST = 32_000, 10_000_000
_TYPES = {
    ColumnType.string: "text", ColumnType.integer: "int8", ColumnType.number: "numeric", ColumnType.boolean: "bool",
    ColumnType.date: "date", ColumnType.datetime: "timestamptz",
}  # fmt: skip
_ROW_NUMBER = Column(ROW_ID, "_id", ColumnType.integer)


class Datastore:
    """The rows of opened resources within one transaction; `found` hears which one a call means, opened or not."""

    def __init__(self, work: Work, found: Callable[[str], None] | None = None) -> None:
        self.work = work
        self._found = found

    async def search(self, given: Arguments) -> tuple[Shown, str, Read]:
        """Rows of an opened resource: what is told of them, the rows as JSON, and what was read for the record."""
        wanted = given.needed("resource_id", "id")
        resource, dataset, columns = await self._opened(wanted)
        query, told = _query(given, columns), Datasets(self.work)
        result: Shown = {
            "resource_id": wanted, "fields": _fields(resource, [columns[name] for name in query.columns]),
            "records": ROWS, "records_format": "lists" if query.as_lists else "objects", "limit": query.limit,
            "offset": query.offset, "include_total": given.flag("include_total", usual=True),
            "total_estimation_threshold": None, "_links": _links(wanted, query),
        }  # fmt: skip
        if result["include_total"]:
            result["total"], result["total_was_estimated"] = await told.count(dataset, query)
        rows, found = await told.page(dataset, query)
        await meters.count(self.work, resource.code, resource.source_department, found)
        return result, rows, Read(resource.code, "datastore_search", found, query.columns)

    async def info(self, given: Arguments) -> Shown:
        """The fields of an opened resource's rows."""
        wanted = given.needed("resource_id", "id")
        resource, dataset, columns = await self._opened(wanted)
        count, estimated = await Datasets(self.work).count(dataset, RowQuery((ROW_ID,)))
        shown = [columns[item.name] for item in resource.items if item.name in columns]
        fields = [one | {"schema": {"notnull": False}} for one in _fields(resource, shown)]
        return {"meta": {"id": wanted, "count": count, "count_estimated": estimated, "table_type": "BASE TABLE"},
                "fields": fields}  # fmt: skip

    async def _opened(self, wanted: str) -> tuple[Resource, Dataset, dict[str, Column]]:
        try:
            resource = await Reading(self.work).public(code_of(wanted), self._found)
            dataset, names = await opened_rows(self.work, resource)
        except NoResource:
            raise not_found(f"Resource {wanted[:60]!r}") from None
        columns = {ROW_ID: _ROW_NUMBER} | {one.name: one for one in dataset.shape.columns if one.name in names}
        return resource, dataset, columns


def code_of(wanted: str) -> str:
    """The code of the resource that a call names, by itself or by one of its outlets."""
    return canonical_code(wanted).removesuffix(f"-{OUTLET}").removesuffix(f"-{QUERY}")


def code_asked(given: Arguments) -> str:
    """The code of the resource that the parameters of a call name, if any, as text that nobody has looked at."""
    wanted = given.raw("resource_id") or given.raw("id")
    return code_of(wanted[:100]) if isinstance(wanted, str) else ""


def _query(given: Arguments, columns: dict[str, Column]) -> RowQuery:
    form = given.text("records_format") or "objects"
    if form not in {"objects", "lists"}:
        raise invalid("records_format", "只支持 objects 和 lists; CSV 请下载 Only objects and lists; download CSV")
    fields = given.names("fields")
    _known(fields, columns, "fields")
    distinct = given.flag("distinct")
    shown = tuple(dict.fromkeys(fields)) or tuple(name for name in columns if not (distinct and name == ROW_ID))
    order = _order(given, columns)
    if distinct and any(name not in shown for name, _ in order):
        raise invalid("sort", "去重时只能按所选字段排序 Distinct rows are sorted by fields that are shown")
    return RowQuery(
        columns=shown, equals=_equals(given, columns), words=_words(given, columns), order=order, distinct=distinct,
        limit=given.number("limit", 100, most=MOST_ROWS), offset=given.number("offset", 0, most=FURTHEST),
        as_lists=form == "lists",
    )  # fmt: skip


def _known(names: list[str], columns: dict[str, Column], place: str) -> None:
    for name in names:
        if name not in columns:
            raise invalid(place, f"没有该字段 field {name[:60]!r} not in table")


def _equals(given: Arguments, columns: dict[str, Column]) -> dict[str, list[Any]]:
    filters = given.raw("filters") if given.has("filters") else {}
    if not isinstance(filters, dict) or len(filters) > 50:
        raise invalid("filters", "应为对象 Not a json object")
    _known(list(filters), columns, "filters")
    return {name: _values(columns[name], wanted) for name, wanted in filters.items()}


def _values(column: Column, wanted: Any) -> list[Any]:
    given = wanted if isinstance(wanted, list) else [wanted]
    if len(given) > 1000 or not all(isinstance(one, str | int | float) for one in given):
        raise invalid("filters", f"应为值或值的列表 A value or a list of values: {column.name}")
    try:
        return [value(column.type, one) for one in given]
    except (ValueError, OverflowError):
        raise invalid("filters", f"值与字段类型不符 Not a value of the field: {column.name}") from None


def _words(given: Arguments, columns: dict[str, Column]) -> list[tuple[list[str], str]]:
    asked = given.raw("q") if given.has("q") else {}
    if isinstance(asked, dict):
        _known(list(asked), columns, "q")
        found = [([name], str(text)) for name, text in asked.items()]
    else:
        texts = [name for name, column in columns.items() if column.type is ColumnType.string]
        found = [(texts, word) for word in given.text("q").split()]
    if len(found) > 10:
        raise invalid("q", "词过多 Too many words")
    return found


def _order(given: Arguments, columns: dict[str, Column]) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    for part in given.names("sort"):
        name, _, way = part.replace('"', "").partition(" ")
        way = way.strip().lower().removesuffix("nulls last").strip()
        if name not in columns or way not in {"", "asc", "desc"} or len(found) >= 10:
            raise invalid("sort", f"排序有误 cannot sort by: {part[:60]}")
        found.append((name, way == "desc"))
    return found


def _fields(resource: Resource, shown: list[Column]) -> list[Shown]:
    titles = {item.name: (item.title, item.title_en, item.unit) for item in resource.items}
    found: list[Shown] = []
    for column in shown:
        if column.name == ROW_ID:
            found.append({"id": ROW_ID, "type": "int"})
            continue
        title, english, unit = titles[column.name]
        notes = " ".join(filter(None, (english, unit and f"({unit})")))
        found.append({"id": column.name, "type": _TYPES[column.type], "info": {"label": title, "notes": notes}})
    return found


def _links(wanted: str, query: RowQuery) -> Shown:
    start = f"/api/data-hub/ckan/api/3/action/datastore_search?resource_id={wanted}&limit={query.limit}"
    return {"start": start, "next": f"{start}&offset={query.offset + query.limit}"}


def no_sql() -> CkanRefusal:
    """SQL is never taken over the network."""
    said = "Access denied: 不接受 SQL，请用 datastore_search SQL is never taken; use datastore_search"
    return CkanRefusal(403, "Authorization Error", said)
