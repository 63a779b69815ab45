"""What both registries say over the wire about where a value comes from and when it is true."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from citykit.identifiers import gbt2260
from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, Int32, ShortText, Uscc, Wire

Batch = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$", examples=["2026-11-police-017"])]
PurposeCode = Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,49}$", examples=["public-service"])]


def _a_division(code: str) -> str:
    gbt2260.parse(code)
    return code


# A code that is shaped like a division's level by level, so that what begins with it lies within.
Within = Annotated[DivisionCode, AfterValidator(_a_division)]


class SourceDraft(Wire):
    """Where a statement comes from: the source department (数源部门), its batch, and when it said so."""

    department: Uscc
    batch: Batch | None = None
    stated_at: Instant | None = Field(default=None, description="When the source said so; now unless given")
    reason: ShortText | None = Field(default=None, description="Why the value changed, for whoever reads the history")


class Source(Wire):
    """The statement that a value came with."""

    statement: UUID
    department: str
    batch: str | None
    stated_at: Instant
    reason: str | None


class ValueCorrection(Wire):
    """What a correction says: a field's value, the days in which it is true, and where that comes from.

    Without `true_from` the value takes the whole place of the one that is true today: it was wrong from its beginning.
    """

    value: str | None = Field(max_length=500)
    true_from: date | None = None
    true_to: date | None = None
    source: SourceDraft
    version: Int32 | None = Field(
        default=None, description="The version that the caller read; refused where it is older"
    )


class ValueRecord(Wire):
    """A value of a record's history."""

    field: str
    value: str | None = Field(description="Masked where the field is personal; null says that there was none")
    true_from: date | None = Field(description="First day; null where no beginning is known")
    true_to: date | None = Field(description="First day on which it was no longer true")
    known_from: Instant = Field(description="Since when the registry knew it so")
    known_to: Instant | None = Field(description="Until when; null while it does")
    source: Source


class HistoryQuery(PageQuery):
    """Which part of the history: all of it, or what was true on a day, or known at an instant, or both."""

    true_on: date | None = None
    known_at: Instant | None = None
