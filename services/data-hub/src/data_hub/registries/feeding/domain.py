"""Which item says which field, and what a row of a register says of a record; without I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as holding
from datetime import date
from enum import StrEnum

from citykit.identifiers import gb32100
from citykit.identifiers.gb11643 import mask
from data_hub.datasets.domain import ColumnType, Shape
from data_hub.registries.legal_entities import domain as entities
from data_hub.registries.legal_entities.domain import EntityField
from data_hub.registries.population import domain as persons
from data_hub.registries.population.domain import PersonField
from data_hub.registries.sources.domain import Registry

USCC, SINCE = "uscc", "true_from"
# The field by which a record is found. It is never changed by a feed: another number is another record.
KEY = {Registry.population: PersonField.id_number.value, Registry.legal_entities: USCC}
FIELDS = {
    Registry.population: frozenset({*(one.value for one in PersonField), SINCE}),
    # Whom a representative is by number is no register's to say: departments know her name.
    Registry.legal_entities: frozenset({*(one.value for one in EntityField), USCC, SINCE})
    - {EntityField.legal_representative.value},
}
# What a row must say so that an unknown record can be registered from it.
NEEDED = {
    Registry.population: frozenset({PersonField.name.value}),
    Registry.legal_entities: frozenset(
        one.value
        for one in (EntityField.name, EntityField.legal_form, EntityField.division_code, EntityField.established_on)
    ),
}
# What is so from the beginning of a record: another value corrects it, and is no change from a day on.
LASTING = frozenset(
    {PersonField.sex.value, PersonField.birth_date.value, EntityField.established_on.value}
)  # fmt: skip
_TYPES = {
    PersonField.birth_date.value: ColumnType.date,
    EntityField.established_on.value: ColumnType.date,
    EntityField.capital_fen.value: ColumnType.integer,
    SINCE: ColumnType.date,
}
_FIRST_YEAR = 1850
_EMPTY_ROW = ("required", "缺少标识号码 The number that names the record is missing")


class RunState(StrEnum):
    """How far a batch is stated."""

    waiting = "waiting"  # 待供数: not all of its rows are stated
    done = "done"  # 已供数
    failed = "failed"  # 未能供数: the feed does not fit the resource any more


@dataclass(frozen=True)
class Assignment:
    """An item says a field; `values` names the registry's words for the department's own (存续: active)."""

    item: str
    field: str
    values: Mapping[str, str] = holding(default_factory=dict)


@dataclass(frozen=True)
class Misfit:
    """What is wrong with the assignment at `place` (None: with all of them), at its `part`."""

    place: int | None
    part: str
    code: str
    said: str


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be stated: the field and its item, a code for programs, a sentence that repeats no value."""

    field: str
    item: str | None
    code: str
    said: str


@dataclass(frozen=True)
class Told:
    """What a row says of the record that carries `number`; `since` when its changes are true."""

    number: str
    values: Mapping[str, str]
    since: date | None = None


def misfits(registry: Registry, assignments: Sequence[Assignment], shape: Shape) -> list[Misfit]:
    """What keeps a feed from being set: unknown fields or items, types that do not fit, no number, nothing to say."""
    found: list[Misfit] = []
    seen: set[str] = set()
    for place, one in enumerate(assignments):
        column, wanted = shape.column(one.item), _TYPES.get(one.field, ColumnType.string)
        if one.field not in FIELDS[registry]:
            found.append(Misfit(place, "field", "unknown-field", f"没有该字段 One of: {', '.join(_names(registry))}"))
        elif one.field in seen:
            found.append(Misfit(place, "field", "twice", "同一字段只能由一个数据项供数 One item says one field"))
        elif column is None:
            found.append(Misfit(place, "item", "unknown-item", "该资源没有此数据项 The resource has no such item"))
        elif column.type is not wanted:
            found.append(Misfit(place, "item", "type", f"数据项类型应为 The item's type must be {wanted.value}"))
        seen.add(one.field)
    key = KEY[registry]
    if key not in seen:
        found.append(Misfit(None, "", "number-required", f"须有数据项对应 An item must say {key}"))
    elif not seen - {key, SINCE}:
        found.append(Misfit(None, "", "nothing-to-say", "没有可供的字段 Some field beside the number must be said"))
    return found


def _names(registry: Registry) -> list[str]:
    return sorted(FIELDS[registry])


def read(
    registry: Registry, assignments: Sequence[Assignment], row: Mapping[str, str | None], today: date
) -> tuple[Told | None, list[Fault]]:
    """What a row says, in canonical form (None where it names no record), and what is wrong with it.

    A row with a fault is not stated, not in part either. An empty cell says nothing.
    """
    faults: list[Fault] = []
    said: dict[str, str] = {}
    for one in assignments:
        text = (row.get(one.item) or "").strip()
        if not text:
            continue
        try:
            said[one.field] = _canonical(registry, one.field, one.values.get(text, text), today)
        except (persons.WrongValue, entities.WrongValue) as wrong:
            faults.append(Fault(one.field, one.item, wrong.code, wrong.said))
    key = KEY[registry]
    if key not in said and not any(fault.field == key for fault in faults):
        item = next((one.item for one in assignments if one.field == key), None)
        faults.append(Fault(key, item, *_EMPTY_ROW))
    number, since = said.pop(key, None), said.pop(SINCE, None)
    if number is None:
        return None, faults
    return Told(number, said, None if since is None else date.fromisoformat(since)), faults


def _canonical(registry: Registry, name: str, text: str, today: date) -> str:
    if name == SINCE:
        return _day(text, today)
    if name == USCC:
        try:
            return gb32100.parse(text).code
        except gb32100.InvalidUscc as wrong:
            raise entities.WrongValue(str(wrong.reason), str(wrong)) from wrong
    if registry is Registry.population:
        return persons.checked(PersonField(name), text, today) or ""
    return entities.checked(EntityField(name), text, today) or ""


def _day(text: str, today: date) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise entities.WrongValue("date", "日期应为 YYYY-MM-DD A date is written YYYY-MM-DD") from None
    if not date(_FIRST_YEAR, 1, 1) <= day <= today:
        raise entities.WrongValue("date-range", "生效日期不合理 A value cannot be true from that day")
    return day.isoformat()


def shown(registry: Registry, text: str | None) -> str:
    """The number of a row as a fault may show it: masked, and of what is no number its length alone."""
    number = (text or "").strip()[:40]
    if registry is Registry.legal_entities and gb32100.valid(number, strict=False):
        return number
    return mask(number) if registry is Registry.population and number[:17].isdigit() else "*" * len(number)
