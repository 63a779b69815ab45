"""Writes data as SDMX-JSON 1.0.0 and 2.0.0."""

import json
from collections.abc import Iterator
from typing import Any

from citykit.clock import CHINA
from data_hub.registries.macro_economy.dataset import ALL_DIMENSIONS, DataMessage, Group, number
from data_hub.registries.macro_economy.domain import period
from data_hub.registries.macro_economy.repository import Seen
from data_hub.registries.macro_economy.service import TIME, VALUE

SCHEMA = "https://json.sdmx.org/{}/sdmx-json-data-schema.json"


def write(message: DataMessage, form: str) -> Iterator[str]:
    """The message, piece by piece."""
    return _Writer(message, second=form == "json-2").pieces()


class _Index:
    """The values of a component that occur, each with its place."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def of(self, text: str) -> int:
        return self.places.setdefault(text, len(self.places))


class _Writer:
    """Writes one message; the values that occur are numbered first, because the standard tells them by number."""

    def __init__(self, message: DataMessage, *, second: bool) -> None:
        self.message = message
        self.second = second
        self.flat = message.at == ALL_DIMENSIONS
        self.above = [] if self.flat else [name for name in message.dimensions if name != message.at]
        self.below = message.dimensions if self.flat else [message.at]
        self.index = {name: _Index() for name in message.dimensions}
        listed = message.shape.attributes if message.with_attributes else []
        across = not self.flat and message.at != TIME
        self.on_series = [o["id"] for o in listed if o["level"] == "series" and not (self.flat or across)]
        self.on_observation = [o["id"] for o in listed if self.flat or o["level"] == "observation"]
        self.values = {one["id"]: _Index() for one in listed}

    def pieces(self) -> Iterator[str]:
        """The message, piece by piece."""
        meta = {
            "schema": SCHEMA.format("2.0.0" if self.second else "1.0"),
            "id": self.message.message_id, "prepared": self.message.prepared.isoformat(), "test": False,
            "contentLanguages": ["zh", "en"], "sender": {"id": "HS", "name": "衡水市大数据中心"},
        }  # fmt: skip
        yield f'{{"meta":{_json(meta)},"data":{{"dataSets":['
        for n, (at, rows) in enumerate(self.message.vintages()):
            about: dict[str, Any] = {"action": "Replace" if at else "Information", "links": self._links()}
            if self.second:
                about["structure"] = 0
            if at is not None:
                about["validFrom"] = at.astimezone(CHINA).isoformat()
            yield f"{',' if n else ''}{_json(about)[:-1]},"
            yield f'"{"observations" if self.flat else "series"}":{{'
            yield from self._groups(rows)
            yield "}}"
        structure = self._structure()
        yield f'],"structures":[{_json(structure)}]}}}}' if self.second else f'],"structure":{_json(structure)}}}}}'

    def _groups(self, rows: list[Seen]) -> Iterator[str]:
        first = True
        for group in self.message.groups(rows):
            text = self._flat(group) if self.flat else self._series(group)
            if text:
                yield text if first else f",{text}"
                first = False

    def _place(self, names: list[str], codes: dict[str, str]) -> str:
        return ":".join(str(self.index[name].of(codes[name])) for name in names)

    def _series(self, group: Group) -> str:
        below = ",".join(
            f'"{self._place(self.below, {self.message.at: text})}":{self._observation(row, {})}'
            for text, row in group.rows
        )
        key = self._place([n for n in self.above if n in group.key], group.key)
        attributes = _json(self._numbers(self.on_series, group.attributes))
        return f'"{key}":{{"attributes":{attributes},"observations":{{{below}}}}}'

    def _flat(self, group: Group) -> str:
        return ",".join(
            f'"{self._place(self.below, {**group.key, TIME: text})}":{self._observation(row, group.attributes)}'
            for text, row in group.rows
        )

    def _observation(self, row: Seen, more: dict[str, str]) -> str:
        value = "null" if row.value is None else number(row.value)
        numbers = self._numbers(self.on_observation, more | self.message.of_observation(row))
        return "[" + ",".join([value, *("null" if n is None else str(n) for n in numbers)]) + "]"

    def _numbers(self, names: list[str], said: dict[str, str]) -> list[int | None]:
        return [self.values[name].of(said[name]) if name in said else None for name in names]

    def _links(self) -> list[dict[str, str]]:
        shape = self.message.shape
        found = [{"rel": "dataflow", "urn": f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={shape.ref}"}]
        ref = shape.structure.ref
        found.append({"rel": "datastructure", "urn": f"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={ref}"})
        return found

    def _structure(self) -> dict[str, Any]:
        name = self.message.shape.flow.document["name"]
        dimensions = {
            "dataSet": [],
            "series": [self._dimension(one) for one in self.above if one in self._used()],
            "observation": [self._dimension(one) for one in self.below if self.message.with_observations],
        }
        attributes = {
            "dataSet": [],
            "series": [self._attribute(one) for one in self.on_series],
            "observation": [self._attribute(one) for one in self.on_observation],
        }
        found = {"name": name["zh"], "names": name, "links": self._links(), "dimensions": dimensions}
        if self.second:
            found |= {
                "dataSets": [n for n, _ in enumerate(self.message.vintages())],
                "measures": {
                    "observation": [{"id": VALUE, "name": "观测值", "names": {"zh": "观测值", "en": "Value"}}]
                },
            }
            attributes = {"dataSet": [], "dimensionGroup": [], **attributes}
        return found | {"attributes": attributes}

    def _used(self) -> list[str]:
        return self.message.dimensions if self.message.with_observations else self.message.shape.dimensions

    def _dimension(self, name: str) -> dict[str, Any]:
        values = [self._value(name, code) for code in self.index[name].places]
        role = {"roles": ["TIME_PERIOD"]} if name == TIME else {}
        return {"id": name, "name": name, "keyPosition": self.message.dimensions.index(name), **role, "values": values}

    def _attribute(self, name: str) -> dict[str, Any]:
        level = self.message.level[name]
        related: dict[str, Any] = {"dimensions": self.message.shape.dimensions}
        if level == "observation":
            related = {"observation": {}} if self.second else {"primaryMeasure": VALUE}
        values = [self._value(name, text) for text in self.values[name].places]
        found = {"id": name, "name": name, "relationship": related}
        return found | {"values": values} if values or not self.second else found

    def _value(self, component: str, code: str) -> dict[str, Any]:
        if component == TIME:
            span = period(code)
            start, end = f"{span.start.isoformat()}T00:00:00", f"{span.end.isoformat()}T23:59:59"
            return {"id": code, "name": code, "start": start, "end": end}
        names = self.message.names(component, code)
        if names:
            return {"id": code, "name": names["zh"], "names": names}
        return {"value": code} if self.second else {"name": code}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
