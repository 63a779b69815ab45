"""What a later version of a description changed, field by field and item by item; without I/O."""

from collections.abc import Iterator, Mapping
from typing import Any

Change = tuple[str, Any, Any]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields that differ: name, before, after; information items one by one, then their order."""
    found = [
        (name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if name != "items" and before.get(name) != after.get(name)
    ]
    return [*found, *_items(before.get("items") or [], after.get("items") or [])]


def _items(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[Change]:
    old, new = ({item["name"]: item for item in items} for items in (before, after))
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield f"items.{name}", old.get(name), new.get(name)
    stayed = [name for name in old if name in new], [name for name in new if name in old]
    if stayed[0] != stayed[1]:
        yield "items", list(old), list(new)
