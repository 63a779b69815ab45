"""Reads SDMX-CSV 1.0 and 2.0 uploads: comma or semicolon, labels, decimal commas; all bounds before any parsing."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from citykit.problems import FieldError, UnsupportedMedia
from citykit.refusals import said as said_of
from data_hub.registries.macro_economy.errors import BadObservations, wrong
from data_hub.registries.macro_economy.schemas import (
    MOST_OBSERVATIONS,
    CsvUpload,
    ObservationDraft,
    ReleaseDraft,
    Revision,
    Source,
)
from data_hub.registries.macro_economy.service import TIME, VALUE, Shape

MOST_COLUMNS = 100
_ACTIONS = frozenset(("", "I", "A", "M", "R"))  # information, append, merge, replace; deletions are revisions
_LEADING = frozenset(("STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "DATAFLOW", "SERIES_KEY", "OBS_KEY"))
_COMMA_DECIMAL = re.compile(r"-?[0-9]+,[0-9]+")


def read(body: bytes, shape: Shape, upload: CsvUpload) -> ReleaseDraft:
    """The release that a table states. Raises BadObservations, UnsupportedMedia."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnsupportedMedia(("SDMX-CSV 须为 UTF-8", "SDMX-CSV is UTF-8")) from None
    if text.lstrip()[:1] == "<" or "\x00" in text:
        raise UnsupportedMedia(("这里只接收 SDMX-CSV 或 JSON", "Only SDMX-CSV or JSON is taken here"))
    revision = None
    if upload.revision_kind is not None and upload.reason is not None:
        revision = Revision(kind=upload.revision_kind, reason=upload.reason)
    source = Source(department=upload.department, department_name=upload.department_name, batch=upload.batch)
    observations = list(_Table(text, shape).observations())
    if not observations:
        raise BadObservations(errors=[wrong("/body", "empty", ("没有观测值", "There are no observations"))])
    return ReleaseDraft(
        release=upload.release, source=source, revision=revision, series_attributes=_series_attributes(observations),
        observations=[ObservationDraft(**one["observation"]) for one in observations],
    )  # fmt: skip


def _series_attributes(observations: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for one in observations:
        if one["series"]:
            found.setdefault(one["observation"]["key"], {}).update(one["series"])
    return found


class _Table:
    """A table with its header understood."""

    def __init__(self, text: str, shape: Shape) -> None:
        first = text[:20_000].split("\n", 1)[0]
        self._semicolon = first.count(";") > first.count(",")
        csv.field_size_limit(131_072)
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if self._semicolon else ",", strict=True)
        self._shape = shape
        self._levels = {one["id"]: one["level"] for one in shape.attributes}
        self._header = [_id(name) for name in self._next() or []]
        self._check_header()

    def _next(self) -> list[str] | None:
        try:
            return next(self._rows, None)
        except csv.Error:
            raise _refused(0, "bad-csv", ("不是有效的 CSV", "Not CSV")) from None

    def _check_header(self) -> None:
        wanted = [*self._shape.dimensions, TIME, VALUE]
        missing = [name for name in wanted if name not in self._header]
        if len(self._header) > MOST_COLUMNS:
            raise _refused(0, "too-many-columns", (f"列数超过 {MOST_COLUMNS}", "Too many columns"))
        if missing:
            raise _refused(0, "missing-column", (f"缺少列 {' '.join(missing)}", "Columns are missing"))
        if len(set(self._header)) != len(self._header):
            raise _refused(0, "repeated-column", ("列名重复", "A column stands twice"))
        known = _LEADING | {*wanted, *self._levels, "KNOWN_FROM", "KNOWN_TO"}
        unknown = [name for name in self._header if name.partition("[")[0] not in known]
        if unknown:
            raise _refused(0, "unknown-column", (f"未知的列 {unknown[0][:60]}", "An unknown column"))

    def observations(self) -> Iterator[dict[str, Any]]:
        """The observations of the rows. Raises BadObservations with the first faults."""
        faults: list[FieldError] = []
        number = 0
        while (row := self._next()) is not None:
            number += 1
            if number > MOST_OBSERVATIONS:
                raise _refused(number, "too-many-rows", (f"超过 {MOST_OBSERVATIONS} 行", "Too many rows"))
            if not any(row):
                continue
            try:
                yield self._observation(number, row)
            except ValidationError as error:
                faults += [
                    wrong(f"/body/{number}/{'/'.join(map(str, one['loc']))}", str(one["type"]), said_of(one))
                    for one in error.errors()[:3]
                ]
            except BadObservations as refused:
                faults += refused.errors
            if len(faults) >= 50:
                break
        if faults:
            raise BadObservations(errors=faults[:50])

    def _observation(self, number: int, row: list[str]) -> dict[str, Any]:
        if len(row) != len(self._header):
            raise _refused(number, "bad-row", ("列数与表头不符", "As many cells as columns are wanted"))
        said = dict(zip(self._header, row, strict=True))
        structure = _id(said.get("STRUCTURE_ID", said.get("DATAFLOW", ""))).partition(": ")[0]
        if structure and structure not in (self._shape.ref, self._shape.structure.ref):
            raise _refused(number, "other-structure", ("不是该数据流的数据", "It belongs to another flow"))
        if said.get("ACTION", "") not in _ACTIONS:
            raise _refused(number, "action", ("删除请以修订发布空值", "State a missing value instead of a deletion"))
        value = said[VALUE].strip()
        if self._semicolon and _COMMA_DECIMAL.fullmatch(value):
            value = value.replace(",", ".")
        observation = {
            "key": ".".join(_code(said[name]) for name in self._shape.dimensions), "period": _code(said[TIME]),
            "value": None if value in ("", "NaN") else value,
        }  # fmt: skip
        observation |= {
            name.lower(): _code(said[name]) for name in ("OBS_STATUS", "CONF_STATUS") if said.get(name, "").strip()
        }
        given = {name: text for name, text in said.items() if text and name in self._levels}
        own = {"OBS_STATUS", "CONF_STATUS", "RELEASE_ID", "SOURCE_DEPT", "REVISION_REASON"}
        texts = {name: self._text(name, text) for name, text in given.items() if name not in own}
        attributes = {name: text for name, text in texts.items() if self._levels[name] == "observation"}
        ObservationDraft.model_validate(observation | {"attributes": attributes})
        return {
            "observation": observation | {"attributes": attributes},
            "series": {name: text for name, text in texts.items() if self._levels[name] == "series"},
        }

    def _text(self, name: str, text: str) -> str:
        return text if self._shape.codes(name) is None else _code(text)


def _id(title: str) -> str:
    """The id of a column: titles may read `DIM: Its name`, and the first `STRUCTURE[;]`."""
    return title.strip().partition(": ")[0].partition("[")[0].strip()


def _code(cell: str) -> str:
    return cell.strip().partition(": ")[0].strip()


def _refused(number: int, code: str, said: tuple[str, str]) -> BadObservations:
    return BadObservations(errors=[wrong(f"/body/{number}", code, said)])
