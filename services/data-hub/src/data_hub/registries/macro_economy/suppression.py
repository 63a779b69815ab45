"""Secondary suppression (次级保密): which further cells must not be shown so that none can be computed; pure.

A group is a total and its parts, cells of one table. A hidden cell is told by the shown ones exactly when the equations
`total = sum of parts`, reduced to the hidden cells, fix it. This is decided by elimination over rational numbers, so a
cell that only several equations together would tell (crossed totals, nested totals) is found as well.
"""

from collections.abc import Hashable, Iterable, Mapping, Set
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Cell = TypeVar("Cell", bound=Hashable)
Row = dict[Cell, Fraction]
Group = tuple[Cell, tuple[Cell, ...]]  # a total and the parts that make it


def determined(groups: Iterable[Group[Cell]], hidden: Set[Cell]) -> set[Cell]:
    """The hidden cells that can be computed from all the others."""
    rows: list[Row[Cell]] = []
    for total, parts in groups:
        row: Row[Cell] = {part: Fraction(1) for part in parts if part in hidden}
        if total in hidden:
            row[total] = row.get(total, Fraction(0)) - 1
        rows.append({cell: factor for cell, factor in row.items() if factor})
    return {next(iter(row)) for row in _reduced(rows) if len(row) == 1}


def _reduced(rows: list[Row[Cell]]) -> list[Row[Cell]]:
    """The reduced row echelon form; rows of zeros are left out."""
    done: list[tuple[Cell, Row[Cell]]] = []
    for given in rows:
        row = given
        for pivot, other in done:
            _subtract(row, other, pivot)
        if not row:
            continue
        pivot = next(iter(row))
        factor = row[pivot]
        row = {cell: value / factor for cell, value in row.items()}
        for _, other in done:
            _subtract(other, row, pivot)
        done.append((pivot, row))
    return [row for _, row in done]


def _subtract(row: Row[Cell], other: Row[Cell], pivot: Cell) -> None:
    factor = row.get(pivot)
    if not factor:
        return
    for cell, value in other.items():
        left = row.get(cell, Fraction(0)) - factor * value
        if left:
            row[cell] = left
        else:
            row.pop(cell, None)


def secondary(
    groups: Iterable[Group[Cell]], values: Mapping[Cell, Decimal], primary: Set[Cell], already: Set[Cell] = frozenset()
) -> set[Cell]:
    """The cells to hide beside the primary ones, `already` hidden ones included.

    Of a group's shown cells the part that costs least goes: not the total, not a zero (it would tell the other one),
    the smallest by amount, the first by name. What was hidden once stays so while it protects anything: shown later it
    would tell, with what was shown before, what both hide.
    """
    found: set[Cell] = set()
    for table in _tables([group for group in groups if group[0] in values]):
        members = {cell for total, parts in table for cell in (total, *parts)}
        secret = members & set(primary)
        if secret:
            found |= _protected(table, values, secret, members & set(already))
    return found


def _protected(
    groups: list[Group[Cell]], values: Mapping[Cell, Decimal], primary: Set[Cell], already: Set[Cell]
) -> set[Cell]:
    """The cells to hide beside the primary ones of one table."""
    hidden = set(primary) | set(already)
    while told := determined(groups, hidden) & set(primary):
        cell = min(told, key=str)
        chosen = _cheapest(groups, values, hidden, cell) or _cheapest(groups, values, hidden, None)
        if chosen is None:
            break
        hidden.add(chosen)
    return hidden - set(primary)


def _tables(groups: list[Group[Cell]]) -> list[list[Group[Cell]]]:
    """The groups, those together that share cells over any number of steps: what is hidden in one tells no other."""
    home: dict[Cell, int] = {}
    tables: dict[int, list[Group[Cell]]] = {}
    for number, group in enumerate(groups):
        cells = (group[0], *group[1])
        joined = {home[cell] for cell in cells if cell in home}
        tables[number] = [one for other in joined for one in tables.pop(other)]
        for total, parts in tables[number]:
            home.update(dict.fromkeys((total, *parts), number))
        tables[number].append(group)
        home.update(dict.fromkeys(cells, number))
    return [tables[number] for number in sorted(tables)]


def _cheapest(
    groups: list[Group[Cell]], values: Mapping[Cell, Decimal], hidden: Set[Cell], cell: Cell | None
) -> Cell | None:
    """The shown cell that is hidden at least cost, in a group with `cell`, or in any that has a hidden one."""
    best: tuple[tuple[bool, bool, Decimal, str], Cell] | None = None
    for total, parts in groups:
        members = (total, *parts)
        if cell not in members if cell is not None else hidden.isdisjoint(members):
            continue
        for member in members:
            if member in hidden or member not in values:
                continue
            value = values[member]
            cost = (value == 0, member == total, abs(value), str(member))
            if best is None or cost < best[0]:
                best = cost, member
    return None if best is None else best[1]
