"""The register of data sets. The tables of their rows are made by `service.py` and are no part of the models."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class DatasetRow(Base):
    """A data set: which resource it belongs to, its shape, and the table its rows lie in."""

    __tablename__ = "dataset"

    id: Mapped[Uuid7Key] = mapped_column()
    resource: Mapped[str] = mapped_column(Text, unique=True)
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB)
    table_name: Mapped[str] = mapped_column(String(63))
    row_count: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[Instant] = mapped_column()
    refreshed_at: Mapped[Instant | None] = mapped_column()
    # The last load that put itself in the place of all rows: when, which batch, and its place in the order of arrival.
    replaced_at: Mapped[Instant | None] = mapped_column()
    replaced_by: Mapped[UUID | None] = mapped_column()
    replaced_id: Mapped[int | None] = mapped_column(BigInteger)
