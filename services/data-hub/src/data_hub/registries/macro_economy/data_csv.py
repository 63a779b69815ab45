"""Writes data as SDMX-CSV 1.0 and 2.0."""

import csv
import io
from collections.abc import Iterator

from citykit.clock import CHINA
from data_hub.registries.macro_economy.dataset import DataMessage, number
from data_hub.registries.macro_economy.repository import Seen
from data_hub.registries.macro_economy.service import VALUE

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    """A free text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def write(message: DataMessage, form: str) -> Iterator[str]:
    """The table, some rows at a time. With history each row says from when to when it was known."""
    flow = message.shape.ref
    lead = ["DATAFLOW"] if form == "csv-1" else ["STRUCTURE", "STRUCTURE_ID", "ACTION"]
    attributes = [one["id"] for one in message.shape.attributes] if message.with_attributes else []
    values = [VALUE] if message.with_observations else []
    names = message.dimensions if message.with_observations else message.shape.dimensions
    known = ["KNOWN_FROM", "KNOWN_TO"] if message.history else []
    start = [flow] if form == "csv-1" else ["dataflow", flow, "I"]
    buffer = io.StringIO()
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow([*lead, *names, *values, *attributes, *known])
    for group in message.groups(message.rows):
        rows: list[tuple[str, Seen | None]] = [*group.rows] or [("", None)]
        for text, row in rows:
            key = {**group.key, message.at: text} if message.with_observations else group.key
            if message.with_observations and "TIME_PERIOD" not in key:
                key["TIME_PERIOD"] = text
            said = group.attributes | ({} if row is None else message.of_observation(row))
            line = [*start, *(_code(message, name, key[name]) for name in names)]
            if row is not None:
                line += ["" if row.value is None else number(row.value)]
            line += [_text(message, name, said.get(name, "")) for name in attributes]
            if known and row is not None:
                ends = (row.known_from, row.known_to)
                line += ["" if at is None else at.astimezone(CHINA).isoformat() for at in ends]
            table.writerow(line)
        if buffer.tell() > 60_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _code(message: DataMessage, component: str, code: str) -> str:
    return f"{code}: {message.label(component, code)}" if message.labels else code


def _text(message: DataMessage, component: str, text: str) -> str:
    coded = message.names(component, text)
    return _code(message, component, text) if coded else safe(text)
