"""The table of a run."""

import os
from pathlib import Path
from typing import Any

from launcher.bench.stage import cores

GATHERING = "归集 Gathering"


def machine(architecture: str) -> str:
    """What the run ran on, in one line."""
    model = architecture
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    load = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{cores()} cores, {model}{load}"


def table(result: dict[str, Any]) -> str:
    """The run as a table in Markdown."""
    plan = result["plan"]
    lines = [
        f"{result['machine']}; {plan['connections']} connections; {plan['rounds']} pairs of rounds of"
        f" {plan['seconds']} s; {result['at']}",
        "",
        "| | city /s | p50 ms | p95 ms | bare /s | ratio (least … most) | aim | database alone /s |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in result["rows"]:
        direct = row["database_alone_per_second"]
        mark = "✔" if row["reached"] else "✘"
        lines.append(
            f"| {row['title']} | {row['city']['per_second']:.0f} | {row['city']['p50_ms']:.1f} |"
            f" {row['city']['p95_ms']:.1f} | {row['bare']['per_second']:.0f} |"
            f" **{row['ratio']:.2f}** ({row['ratio_least']:.2f} … {row['ratio_most']:.2f}) | {row['aim']} {mark} |"
            f" {'' if direct is None else f'{direct:.0f}'} |"
        )
    lines += [
        "",
        "| | bound by | µs of processor time per request: city | bare | bare : city |",
        "|---|---|---|---|--:|",
    ]
    for row in result["rows"]:
        lines.append(
            f"| {row['title']} | {row['bound_by']} | {_spent(row['city'])} | {_spent(row['bare'])} |"
            f" {row['cost_ratio']:.2f} |"
        )
    return "\n".join([*lines, *_gathered(result.get("gathering"))])


def _gathered(row: dict[str, Any] | None) -> list[str]:
    """How fast rows are gathered, as a table of its own: it counts rows, not requests."""
    if row is None:
        return []
    mark = "✔" if row["reached"] else "✘"
    floor = "" if row["floor"] is None else f", {row['floor']:,} rows/s"
    return [
        "",
        f"| {row['rows']:,} rows, {row['rounds']} pairs | city rows/s | raw COPY rows/s | ratio (least … most) | aim |",
        "|---|--:|--:|--:|--:|",
        f"| {GATHERING} | {row['city_rows_per_second']:,} | {row['copy_rows_per_second']:,} | **{row['ratio']:.2f}**"
        f" ({row['ratio_least']:.2f} … {row['ratio_most']:.2f}) | {row['aim']}{floor} {mark} |",
    ]


def _spent(side: dict[str, Any]) -> str:
    return ", ".join(f"{part} {used}" for part, used in side["cpu_us"].items())
