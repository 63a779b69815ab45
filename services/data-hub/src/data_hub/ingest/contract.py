"""What rows must be: the information items of a resource as gathering reads them. No I/O."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from data_hub.datasets.domain import ColumnType, Shape
from data_hub.ingest.domain import matched, missing
from data_hub.resources.domain import is_private
from data_hub.resources.schemas import Resource, Rule


@dataclass(frozen=True)
class Item:
    """A column and its rules."""

    name: str
    title: str
    type: ColumnType
    required: bool
    sensitive: bool
    is_key: bool
    rules: tuple[Rule, ...]

    @property
    def is_text(self) -> bool:
        """Whether values are kept as text."""
        return self.type is ColumnType.string

    @property
    def is_bound(self) -> bool:
        """Whether a value is more than free text: its full-width letters and outer spaces are slips of typing."""
        return not self.is_text or self.is_key or bool(self.rules)

    @property
    def is_unique(self) -> bool:
        """Whether no two rows may have the same value."""
        return any(rule.kind == "unique" for rule in self.rules)


@dataclass(frozen=True)
class Contract:
    """The columns of a resource and the key of its rows."""

    resource: str
    items: tuple[Item, ...]
    key: tuple[str, ...]

    @classmethod
    def of(cls, resource: Resource, shape: Shape) -> Self:
        """The contract of a published resource whose rows have this shape."""
        described = {item.name: item for item in resource.items}
        items = []
        for column in shape.columns:
            item = described.get(column.name)
            items.append(
                Item(
                    name=column.name, title=column.title, type=column.type,
                    required=column.required or column.name in shape.key,
                    sensitive=column.is_sealed or (item is not None and is_private(item)),
                    is_key=column.name in shape.key, rules=() if item is None else item.rules,
                )
            )  # fmt: skip
        return cls(resource.code, tuple(items), shape.key)

    @cached_property
    def by_name(self) -> dict[str, Item]:
        """The items by name."""
        return {item.name: item for item in self.items}

    @property
    def is_sensitive(self) -> bool:
        """Whether an item is personal or secret: what comes of it lies encrypted until it is checked."""
        return any(item.sensitive for item in self.items)

    @cached_property
    def digest(self) -> str:
        """What names this contract: the same file under another contract is checked anew."""
        told = [
            [item.name, item.type.value, item.required, item.is_key, [repr(rule) for rule in item.rules]]
            for item in self.items
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def columns(self, header: Sequence[str], *, ignore_unknown: bool) -> list[str | None]:
        """The column behind each heading of a file. Raises BatchRefused."""
        known = [(item.name, item.title) for item in self.items]
        found = matched(header, known, ignore_unknown=ignore_unknown)
        missing(found, [item.name for item in self.items if item.required])
        return found

    def present(self, names: Sequence[str | None]) -> list[Item]:
        """The items that a file brings, in the order of the file."""
        return [self.by_name[name] for name in names if name is not None]
