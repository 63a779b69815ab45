"""How files of rows are written, and where each stands."""

from enum import StrEnum


class ExportFormat(StrEnum):
    """How a file of rows is written."""

    csv = "csv"
    ndjson = "ndjson"
    parquet = "parquet"


class ExportState(StrEnum):
    """Where a file of rows stands."""

    asked = "asked"  # 待生成
    made = "made"  # 可下载
    refused = "refused"  # 未获准
    gone = "gone"  # 已清除
