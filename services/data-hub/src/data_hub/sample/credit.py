"""Credit records of the sample firm: a penalty that may be repaired, and an honour. All of it is invented."""

from datetime import date
from typing import Any

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.credit import repository
from data_hub.credit.domain import Kind, Severity
from data_hub.credit.schemas import RecordDraft
from data_hub.credit.service import Credit
from data_hub.sample.personas import MARKET

FIRM = "91131102MA07XY3K94"
RECORDER = Actor(subject="data-hub", kind=ActorKind.service, department=MARKET)
RECORDS: tuple[dict[str, Any], ...] = (
    {
        "kind": Kind.penalty, "severity": Severity.general, "title": "未按规定公示年度报告（示例）",
        "content": "列入经营异常名录（示例） Sample", "basis": "《企业信息公示暂行条例》第十七条",
        "document_number": "衡市监列〔2026〕示例1号", "document_date": date(2026, 7, 6),
    },
    {
        "kind": Kind.honour, "title": "守合同重信用企业（示例）", "content": "2025年度公示企业（示例） Sample",
        "basis": "《关于完善质量保障体系的示例办法》", "document_number": "衡市监信〔2026〕示例2号",
        "document_date": date(2026, 3, 15),
    },
)  # fmt: skip


async def load_credit(work: Work) -> None:
    """Take the sample records that are not there yet."""
    taken = {row.document_number for row in await repository.records_of(work, [FIRM])}
    for record in RECORDS:
        if record["document_number"] not in taken:
            draft = RecordDraft(uscc=FIRM, department_name="衡水市市场监督管理局（示例）", **record)
            await Credit(work).record(draft, by=RECORDER)
