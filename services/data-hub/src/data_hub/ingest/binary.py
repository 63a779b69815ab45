"""Workbooks and Parquet files as CSV, read in a process of their own that may take only so much memory and time.

`python -m data_hub.ingest.binary FORMAT SOURCE TARGET OPTIONS`: what a hostile file does, it does to this process. It
answers 0; or 3 and a refusal as JSON on standard output. Anything else means that a limit struck.
"""

import asyncio
import json
import os
import resource
import sys
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from data_hub.ingest.domain import BatchRefused, FileFormat
from data_hub.ingest.limits import RATIO_FROM, Limits

_REFUSED = 3


async def as_csv(kind: FileFormat, source: Path, target: Path, sheet: str | None, limits: Limits) -> None:
    """Write the rows of `source` to `target` as CSV in UTF-8. Raises BatchRefused."""
    options = json.dumps({"sheet": sheet, "bytes": limits.most_bytes, "rows": limits.most_rows,
                          "ratio": limits.most_ratio, "memory": limits.child_memory,
                          "seconds": limits.child_seconds})  # fmt: skip
    environment = {"PATH": os.environ.get("PATH", ""), "POLARS_MAX_THREADS": "1", "PYTHONPATH": ":".join(sys.path)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "data_hub.ingest.binary", kind.value, str(source), str(target), options,
        env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(limits.child_seconds * 2):
            told, _ = await child.communicate()
    except TimeoutError:
        raise _bomb() from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == _REFUSED:
        refused = json.loads(told)
        raise BatchRefused(refused["code"], refused["zh"], refused["en"])
    if child.returncode != 0:
        raise _bomb()


def _bomb() -> BatchRefused:
    zh, en = "文件展开后过大或已损坏，疑似压缩炸弹", "The file is damaged, or unpacks out of all proportion: a bomb"
    return BatchRefused("too-large", zh, en)


def _bounded(options: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (options["memory"], options["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (options["seconds"], options["seconds"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (options["bytes"], options["bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parquet(source: Path, target: Path, options: dict[str, Any]) -> None:
    import polars as pl  # noqa: PLC0415 - heavy, and the parent never needs it here

    try:
        rows = pl.scan_parquet(source)
        schema = rows.collect_schema()
        nested = [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Binary]
        if nested:
            listed = ", ".join(nested[:10])
            raise BatchRefused("nested", f"列类型不支持：{listed}", f"Nested or binary columns: {listed}")
        if rows.select(pl.len()).collect().item() > options["rows"]:
            raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
        rows.sink_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S%.f%:z" if _zoned(schema) else None)
    except pl.exceptions.PolarsError:
        raise BatchRefused("not-format", "不是有效的 Parquet 文件", "Not a Parquet file") from None


def _zoned(schema: Any) -> bool:
    return any(getattr(kind, "time_zone", None) for kind in schema.values())


def _workbook(source: Path, target: Path, options: dict[str, Any]) -> None:
    import csv  # noqa: PLC0415 - with its user

    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - heavy, and the parent never needs it

    _weigh(source, options)
    try:
        book = CalamineWorkbook.from_path(str(source))
        name = options["sheet"] or book.sheet_names[0]
        if name not in book.sheet_names:
            raise BatchRefused("no-sheet", f"没有工作表 {name}", f"There is no sheet {name}")
        rows = book.get_sheet_by_name(name).iter_rows()
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            for at, row in enumerate(rows):
                if at > options["rows"]:
                    raise BatchRefused("too-many-rows", "行数超过上限", "There are more rows than a batch may have")
                writer.writerow([_cell(value) for value in row])
    except (CalamineError, IndexError):
        raise BatchRefused("not-format", "不是有效的 XLSX 工作簿", "Not an XLSX workbook") from None


def _weigh(source: Path, options: dict[str, Any]) -> None:
    """Look at what the parts of a workbook say of their size, before anything is unpacked."""
    try:
        with zipfile.ZipFile(source) as packed:
            sizes = [(part.file_size, part.compress_size) for part in packed.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        raise BatchRefused("not-format", "不是有效的 XLSX 工作簿", "Not an XLSX workbook") from None
    total, small = sum(size for size, _ in sizes), max(1, sum(size for _, size in sizes))
    if total > options["bytes"] or (total > RATIO_FROM and total > small * options["ratio"]):
        raise _bomb()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def main(words: list[str]) -> int:
    """Convert one file."""
    kind, source, target, told = words
    options = json.loads(told)
    _bounded(options)
    convert = _workbook if kind == FileFormat.xlsx else _parquet
    try:
        convert(Path(source), Path(target), options)
    except BatchRefused as refused:
        sys.stdout.write(json.dumps(refused.document()))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
