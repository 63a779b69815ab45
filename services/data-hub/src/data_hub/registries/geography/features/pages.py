"""The documents of the OGC face as simple pages: Chinese first, fit for a phone, no script, nothing from elsewhere."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import shapely
from starlette.responses import HTMLResponse

from citykit.clock import CHINA
from data_hub.registries.geography.access import Seen
from data_hub.registries.geography.crs import GCJ_02
from data_hub.registries.geography.domain import GEOMETRY, Cause
from data_hub.registries.geography.features.documents import BASE, TITLE
from data_hub.registries.geography.features.drawing import drawing
from data_hub.registries.geography.features.parameters import Spoken
from data_hub.registries.geography.features.reading import Found
from data_hub.registries.geography.schemas import State

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY", "Content-Language": "zh", "Vary": "Accept, Authorization", "Cache-Control": "no-cache",
}  # fmt: skip
_CAUSES = {
    Cause.publication: "发布 Publication", Cause.correction: "校核更正 Correction", Cause.withdrawal: "撤回 Withdrawal",
}  # fmt: skip
_NOTHING = '<p class="soft">没有符合条件的要素。<span lang="en">No feature answers to this.</span></p>'
_COLUMNS = ("标题 Title", "名称 Name", "类型 Type")
_CITY = [("智慧衡水 Smart Hengshui", "/"), ("地图 Maps", BASE)]
_ACCESS = {"public": "公开 Public", "government": "政务内部 Government", "department": "本部门 Department"}


def _page(title: str, body: str, trail: Iterable[tuple[str, str]] = ()) -> HTMLResponse:
    steps = " › ".join(f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in [*_CITY, *trail])
    text = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="/home/icon.svg" type="image/svg+xml">'
        f'<title>{escape(title)} · {escape(TITLE)}</title><link rel="stylesheet" href="{BASE}/static/style.css"></head>'
        f'<body><header><strong>{escape(TITLE)}</strong><nav aria-label="位置 Where you are">{steps}</nav></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(text, headers=_HEADERS)


def _anchor(url: str, name: str) -> str:
    return f'<a href="{escape(url)}">{escape(name)}</a>'


def _here(url: str) -> str:
    """An address without its host: a page leads on by whatever name its reader came, from a phone too."""
    return urlunsplit(urlsplit(url)._replace(scheme="", netloc=""))


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    """Terms and what is said of them; values are HTML already."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def _table(name: str, heads: Iterable[str], rows: str) -> str:
    """A table under a head of its own, which a keyboard can scroll where a screen is narrow; rows are HTML already."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(name)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _note(text: str | None) -> str:
    return f'<p class="note">{escape(text)}</p>' if text else ""


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return escape(str(value) if not isinstance(value, list | dict) else json.dumps(value, ensure_ascii=False))


def landing(document: Mapping[str, Any]) -> HTMLResponse:
    """The landing page."""
    items = "".join(
        f"<li>{_anchor(_here(one['href']) + ('' if 'f=html' in one['href'] else '?f=html'), one['title'])}</li>"
        for one in document["links"]
        if one["rel"] in {"service-doc", "conformance", "data"}
    )
    return _page(
        "地理空间数据 Geospatial data", f'<p>{escape(document["description"])}</p><ul class="cards">{items}</ul>'
    )


def conformance(document: Mapping[str, Any]) -> HTMLResponse:
    """What the API conforms to."""
    body = "<ul>" + "".join(f"<li><code>{escape(one)}</code></li>" for one in document["conformsTo"]) + "</ul>"
    return _page("符合的标准 Conformance", body)


def definition(document: Mapping[str, Any]) -> HTMLResponse:
    """The paths of the API."""
    rows = "".join(
        f"<tr><td><code>{escape(path)}</code></td><td>{escape(operation['get']['summary'])}</td></tr>"
        for path, operation in document["paths"].items()
    )
    table = _table("接口说明 API", ("路径 Path", "用途 What it gives"), rows)
    body = f"<p>{_anchor(f'{BASE}/api?f=json', 'OpenAPI 3.0')}</p>{table}"
    return _page("接口说明 API", body)


def collections(seen: Iterable[Seen]) -> HTMLResponse:
    """All collections."""
    cards = "".join(
        f"<li>{_anchor(_path(one), one.row.title)}<br><span>{escape(one.row.title_en)}</span>"
        f'<p class="soft">{_ACCESS[one.row.access]} · {one.row.feature_count} 个要素 features · '
        f"{escape(one.row.department_name)}</p></li>"
        for one in seen
    )
    return _page("图层 Collections", f'<ul class="cards">{cards}</ul>')


def _path(seen: Seen) -> str:
    return f"{BASE}/collections/{quote(seen.row.id)}?f=html"


def _trail(seen: Seen) -> list[tuple[str, str]]:
    return [("图层 Collections", f"{BASE}/collections?f=html"), (seen.row.title, _path(seen))]


def collection(seen: Seen) -> HTMLResponse:
    """One collection."""
    row, base = seen.row, f"{BASE}/collections/{quote(seen.row.id)}"
    columns = "".join(
        f"<tr><td>{escape(one.title)}</td><td><code>{escape(one.name)}</code></td><td>{one.type.value}</td></tr>"
        for one in seen.fields
    )
    facts = _listed([
        ("发布部门 Publisher", escape(row.department_name)), ("来源 Source", escape(row.source)),
        ("要素数 Features", str(row.feature_count)), ("版本 Version", str(row.version)),
        ("更新 Updated", _moment(row.published_at)), ("共享范围 Access", _ACCESS[row.access]),
        ("范围 Extent", ", ".join(f"{one:.4f}" for one in row.extent)),
    ])  # fmt: skip
    links = (
        f"<p>{_anchor(f'{base}/items?f=html', '查看要素 Features')} · "
        f"{_anchor(f'{base}/queryables?f=html', '可查询属性 Queryables')}</p>"
    )
    body = (
        f"<p>{escape(row.description)}</p>{_note(row.caution)}{_note('示例数据 Sample data' if row.sample else None)}"
        f"{links}{facts}<h2>属性 Columns</h2>{_table('属性 Columns', _COLUMNS, columns)}"
    )
    return _page(f"{row.title} {row.title_en}", body, _trail(seen)[:1])


def items(seen: Seen, found: list[Found], links: Iterable[Mapping[str, Any]]) -> HTMLResponse:
    """A page of features: a map, and a table."""
    rows = [(one, json.loads(one.properties)) for one in found]
    shapes = [
        (shapely.from_geojson(one.geometry), _title(one, told, seen), _item_path(seen, one)) for one, told in rows
    ]
    body = "".join(
        f"<tr><td>{_anchor(_item_path(seen, one), one.fid)}</td>"
        + "".join(f"<td>{_value(told.get(field.name))}</td>" for field in seen.fields)
        + "</tr>"
        for one, told in rows
    )
    onward = next((one["href"] for one in links if one["rel"] == "next"), None)
    more = f'<a class="next" href="{escape(_here(onward))}">下一页 Next</a>' if onward else ""
    table = _table("要素 Features", ("编号 ID", *(one.title for one in seen.fields)), body) if rows else _NOTHING
    return _page(
        f"{seen.row.title} {seen.row.title_en}", _note(seen.row.caution) + drawing(shapes) + table + more, _trail(seen)
    )


def _title(found: Found, properties: Mapping[str, Any], seen: Seen) -> str:
    named = (seen.row.named_by or {}).get("name", "name")
    return str(properties.get(named) or found.fid)


def _item_path(seen: Seen, found: Found) -> str:
    return f"{BASE}/collections/{quote(seen.row.id)}/items/{quote(found.fid)}?f=html"


def item(seen: Seen, found: Found, spoken: Spoken) -> HTMLResponse:
    """One feature."""
    told, shape = json.loads(found.properties), shapely.from_geojson(found.geometry)
    facts = _listed([(one.title, _value(told.get(one.name))) for one in seen.fields])
    shift = _note(f"地图按 CGCS2000 绘制，未偏移为 {GCJ_02} Drawn in CGCS2000") if spoken.shifted else ""
    name = _title(found, told, seen)
    past = f"<p>{_anchor(_history_path(seen, found.fid), '历史 History')}</p>"
    return _page(name, shift + _note(seen.row.caution) + drawing([(shape, name, "")]) + facts + past, _trail(seen))


def _history_path(seen: Seen, fid: str) -> str:
    return f"{BASE}/collections/{quote(seen.row.id)}/items/{quote(fid)}/history?f=html"


def history(seen: Seen, fid: str, states: Iterable[State], links: Iterable[Mapping[str, Any]]) -> HTMLResponse:
    """Every state of a feature, newest first: each value with the version that brought it."""
    titles = {one.name: one.title for one in seen.fields} | {GEOMETRY: "位置 Geometry"}
    body = "".join(_state(seen, one, titles) for one in states)
    onward = next((f"{one['href']}&f=html" for one in links if one["rel"] == "next"), None)
    more = f'<a class="next" href="{escape(_here(onward))}">更早 Earlier</a>' if onward else ""
    return _page(f"{fid} 的历史 History", _note(seen.row.caution) + body + more, _trail(seen))


def _state(seen: Seen, state: State, titles: Mapping[str, str]) -> str:
    came = state.origin
    until = "至今 until now" if state.known_to is None else f"{_moment(state.known_to)}(版本 {state.until})"
    then = urlencode({"as-of": state.known_from.isoformat(), "f": "html"})
    path = f"{BASE}/collections/{quote(seen.row.id)}/items/{quote(state.fid)}?{then}"
    facts = _listed([
        ("自 From", _anchor(path, _moment(state.known_from))), ("至 Until", escape(until)),
        ("来源部门 Department", escape(came.department)), ("来源 Source", escape(came.source)),
        ("事由 Cause", _CAUSES[came.cause]), ("数据资源 Resource", _value(came.resource)),
        ("批次 Batch", _value(came.batch)), *([("说明 Note", escape(came.note))] if came.note else []),
    ])  # fmt: skip
    values = state.properties | {GEOMETRY: _place(state.geometry)}
    rows = "".join(
        f"<tr><td>{escape(titles.get(name, name))}</td><td>{_value(value)}</td>"
        f"<td>{_brought(state.value_since.get(name), state.since)}</td></tr>"
        for name, value in values.items()
    )
    name, heads = f"版本 Version {state.since}", ("属性 Column", "值 Value", "自版本 Since version")
    return f"<h2>{name}</h2>{facts}{_table(name, heads, rows)}"


def _place(geometry: Mapping[str, Any]) -> str:
    """A geometry in a word; of a point where it lies."""
    kind = str(geometry["type"])
    return f"{kind} {', '.join(map(str, geometry['coordinates']))}" if kind == "Point" else kind


def _brought(version: int | None, since: int) -> str:
    if version is None:
        return "–"
    return f"<strong>{version}</strong> 本版更新 new" if version == since else str(version)


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(CHINA):%Y-%m-%d %H:%M:%S} 北京时间 Beijing time"


def queryables(seen: Seen, document: Mapping[str, Any]) -> HTMLResponse:
    """What may be asked for."""
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(told['title'])}</td>"
        f"<td>{escape(told.get('type', told.get('format', '')))}</td></tr>"
        for name, told in document["properties"].items()
    )
    return _page(
        "可查询属性 Queryables",
        _table("可查询属性 Queryables", ("名称 Name", "标题 Title", "类型 Type"), rows),
        _trail(seen),
    )
