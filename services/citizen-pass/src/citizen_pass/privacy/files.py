"""The reads of a person's data as a file that she keeps: CSV (RFC 4180) for spreadsheets, JSON for programs.

A text that a spreadsheet would take for a formula begins with an apostrophe: the words come from many hands.
"""

import csv
import io
from collections.abc import Callable

from starlette.responses import Response

from citizen_pass.privacy.schemas import Usage, UsageFile
from citykit.clock import CHINA

_BEGINS = frozenset("=+-@\t\r\n＝＋－＠")
_BYTE_ORDER_MARK = "\ufeff"  # so that spreadsheets read UTF-8 as UTF-8
_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_COLUMNS: dict[str, Callable[[Usage], str | None]] = {
    "时间 Time": lambda usage: usage.logtime.astimezone(CHINA).isoformat(timespec="seconds"),
    "单位 Organisation": lambda usage: usage.receiver_organisation_name,
    "单位代码 Organisation code": lambda usage: usage.receiver_organisation,
    "岗位 Post": lambda usage: usage.receiver_post,
    "查阅者 Reader": lambda usage: usage.receiver_said,
    "查阅者代码 Reader code": lambda usage: usage.receiver_code,
    "代谁查阅 On behalf of": lambda usage: usage.on_behalf_of,
    "操作 Act": lambda usage: usage.action,
    "系统 Service": lambda usage: usage.service_name,
    "系统代码 Service code": lambda usage: usage.service,
    "查阅内容 Record": lambda usage: usage.record,
    "字段 Fields": lambda usage: "；".join(usage.field_words.get(field, field) for field in usage.fields),
    "字段代码 Field codes": lambda usage: " ".join(usage.fields),
    "目的 Purpose": lambda usage: usage.purpose,
    "法律依据 Legal basis": lambda usage: usage.legal_basis,
    "办理事项 Matter": lambda usage: usage.matter,
    "记录编号 Number": lambda usage: str(usage.id),
}


def file_response(file: UsageFile, kind: str) -> Response:
    """The file as `csv` or `json`, to be kept and not shown."""
    headers = {
        "Content-Disposition": f'attachment; filename="who-read-my-data.{kind}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(_written(file, kind), media_type=_MEDIA_TYPES[kind], headers=headers)


def _written(file: UsageFile, kind: str) -> bytes:
    if kind == "json":
        return file.model_dump_json(indent=1).encode()
    target = io.StringIO(_BYTE_ORDER_MARK)
    target.seek(0, io.SEEK_END)
    lines = csv.writer(target, lineterminator="\r\n")
    lines.writerow(_COLUMNS)
    lines.writerows([_harmless(cell(usage) or "") for cell in _COLUMNS.values()] for usage in file.items)
    return target.getvalue().encode()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in _BEGINS and text else text
