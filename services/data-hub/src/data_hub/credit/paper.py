"""The forms of a report: pages with a seal and a code that verifies offline, and a verifiable credential.

PDF: PAdES (ETSI EN 319 142-1). Credential: SD-JWT VC, type `urn:cn:hengshui:credit-report:1`, its status in a Token
Status List. Code: a JWS of `typ: credit-report+jwt` in a QR symbol, with what is needed to compare the pages with it.
"""

import io
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from citykit.clock import CHINA
from data_hub.credit.domain import Kind, RecordState, Severity
from data_hub.credit.schemas import Record, Report
from data_hub.seals.service import Seals, gap, heading, paragraph, picture, table

TYPE = "urn:cn:hengshui:credit-report:1"
CODE_TYPE = "credit-report+jwt"
KINDS = {Kind.basic: "基础信息", Kind.penalty: "失信信息", Kind.honour: "守信信息"}
SEVERITIES = {Severity.minor: "轻微", Severity.general: "一般", Severity.serious: "严重"}
DISPUTED = "（异议处理中 disputed）"
_WIDTHS = (95, 160, 110, 90)


def sealed_pdf(seals: Seals, report: Report) -> bytes:
    """The report on A4 pages, sealed; 100–200 ms of processor, so call it in a thread."""
    title = f"{report.name} 信用报告 {report.number}"
    return seals.sealed_pdf(_story(seals, report), title=title, reason="信用报告 Credit report", subject=report.number)


def credential(seals: Seals, report: Report, status: Mapping[str, object]) -> str:
    """The report as SD-JWT VC; the holder may leave out the records and the points, never whose report it is.

    Its `status` says where a verifier reads whether all of it still holds. A record that the firm disputes says so.
    """
    claims = {
        "number": report.number, "uscc": report.uscc, "name": report.name, "as_of": report.as_of.isoformat(),
        "method": report.method, "grade": report.grade, "points": report.points, "fingerprint": report.fingerprint,
        "records": [_claim(record) for record in report.records],
    }  # fmt: skip
    over = datetime.combine(report.valid_until, time(), CHINA)
    return seals.issue_sd_jwt_vc(
        claims, vct=TYPE, issued_at=report.issued_at, disclosable=("points", "records"), expires_at=over, status=status
    )


def code(seals: Seals, report: Report) -> str:
    """What the QR symbol on the pages says."""
    told = {
        "number": report.number, "uscc": report.uscc, "as_of": report.as_of.isoformat(),
        "valid_until": report.valid_until.isoformat(), "grade": report.grade, "fingerprint": report.fingerprint,
    }  # fmt: skip
    return seals.jws(told, typ=CODE_TYPE)


def _claim(record: Record) -> dict[str, Any]:
    told = record.model_dump(mode="json", include={"id", "kind", "severity", "title", "document_number"})
    told |= {"document_date": record.document_date.isoformat(), "department": record.department_name}
    return told | ({"disputed": True} if record.state is RecordState.disputed else {})


def _story(seals: Seals, report: Report) -> list[Any]:
    facts = [
        ("名称 Name", report.name), ("统一社会信用代码 USCC", report.uscc), ("报告编号 Number", report.number),
        ("截止日期 As of", f"{report.as_of:%Y-%m-%d}"), ("有效期至 Valid until", f"{report.valid_until:%Y-%m-%d}"),
        ("评价 Rating", f"{report.grade}（{report.points}） 方法 {report.method}"),
        ("校验 Fingerprint", report.fingerprint),
    ]  # fmt: skip
    records = [("类别", "事项", "文书", "认定单位"), *(_line(record) for record in report.records)]
    return [
        heading("法人信用报告"), table(facts, widths=(135, 320)), gap(),
        paragraph("在有效期内的信用信息 Records in force"),
        table(records, widths=_WIDTHS, head=True) if report.records else paragraph("无 None"),
        gap(), picture(_symbol(code(seals, report)), width=180, height=180),
        paragraph("扫码可离线核验；信息修复后本报告失效。 The code verifies offline; a repair ends the report."),
    ]  # fmt: skip


def _line(record: Record) -> tuple[str, str, str, str]:
    kind = KINDS[record.kind] + (f"（{SEVERITIES[record.severity]}）" if record.severity else "")
    title = record.title + (DISPUTED if record.state is RecordState.disputed else "")
    return kind, title, f"{record.document_number} {record.document_date:%Y-%m-%d}", record.department_name


def _symbol(text: str) -> bytes:
    import segno  # noqa: PLC0415 - heavy, and most processes never need it

    target = io.BytesIO()
    segno.make(text, error="m", micro=False).save(target, kind="png", scale=4, border=4)
    return target.getvalue()
