"""What rows are compared by, in the words of the grammar (PostgREST's) and of SQL."""

from data_hub.datasets.domain import Column, ColumnType

COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
PATTERNS = {"like": "like", "ilike": "ilike"}


def operators_of(column: Column) -> tuple[str, ...]:
    """What a column may be compared by."""
    if column.is_sealed:
        return ("eq", "neq", "in", "is") if column.is_findable else ("is",)
    return (*COMPARISONS, *(PATTERNS if column.type is ColumnType.string else ()), "in", "is")
