"""Tables of the divisions. They are reference data: loaded from an edition of the source, never edited by requests."""

from datetime import date
from typing import Any

from sqlalchemy import Date, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Box, Instant
from data_hub.database import Base


class DivisionRow(Base):
    """One division. A code is never given to another division (GB/T 2260), so it is the key for all time."""

    __tablename__ = "division"
    __table_args__ = (
        Index("ix_division_parent_code_code", "parent_code", "code"),
        Index("ix_division_name_bigrams", "name_bigrams", postgresql_using="gin"),
    )

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    name_bigrams: Mapped[list[str]] = mapped_column(ARRAY(Text))
    level: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    successor_code: Mapped[str | None] = mapped_column(Text)
    edition: Mapped[str] = mapped_column(Text)


class BoundaryRow(Base):
    """The area of a division: GeoJSON geometry in EPSG:4490, and the box around it for the index."""

    __tablename__ = "division_boundary"
    __table_args__ = (Index("ix_division_boundary_extent", "extent", postgresql_using="gist"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    geometry: Mapped[dict[str, Any]] = mapped_column(JSONB)
    extent: Mapped[str] = mapped_column(Box)
    edition: Mapped[str] = mapped_column(Text)


class EditionRow(Base):
    """Which edition of which reference data is loaded, so that loading it again costs nothing."""

    __tablename__ = "reference_edition"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[str] = mapped_column(Text)
    loaded_at: Mapped[Instant] = mapped_column()
