"""Workbooks and Parquet files as CSV, read in a process of their own that may take only so much memory and time.

`python -m data_hub.ingest.binary FORMAT SOURCE TARGET OPTIONS`: what a hostile file does, it does to this process. It
answers 0; or 3 and a refusal as JSON on standard output. Anything else means that a limit struck.
"""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from data_hub.ingest import parquet, workbooks
from data_hub.ingest.domain import BatchRefused, FileFormat
from data_hub.ingest.limits import Limits

_REFUSED = 3
_STEP = 1024 * 1024


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


def _convert(kind: str, source: Path, target: Path, options: dict[str, Any]) -> None:
    if kind == FileFormat.xlsx:
        workbooks.write(source, target, options["sheet"], options["bytes"], options["rows"], options["ratio"])
    else:
        parquet.write(source, target, options["rows"])
    _refuse_nul(target)


def _refuse_nul(target: Path) -> None:
    with target.open("rb") as file:
        while block := file.read(_STEP):
            if 0 in block:
                raise BatchRefused("nul", "单元格中有空字符(NUL)", "A value holds NUL, which no text holds")


def main(words: list[str]) -> int:
    """Convert one file."""
    kind, source, target, told = words
    options = json.loads(told)
    _bounded(options)
    try:
        _convert(kind, Path(source), Path(target), options)
    except BatchRefused as refused:
        sys.stdout.write(json.dumps(refused.document()))
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
