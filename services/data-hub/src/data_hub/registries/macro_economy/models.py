"""Tables of the macro-economy registry: structures as documents, releases, series, and every vintage of each value."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, LargeBinary, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base


class ArtefactRow(Base):
    """A code list, concept scheme, data structure or dataflow; `data_changed_at` is a dataflow's last release."""

    __tablename__ = "indicator_artefact"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    agency: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    maintained_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[Instant] = mapped_column()
    data_changed_at: Mapped[Instant | None] = mapped_column()

    @property
    def ref(self) -> str:
        """Agency, id and version in the standard's short form."""
        return f"{self.agency}:{self.id}({self.version})"


class IndicatorRow(Base):
    """An indicator: what it measures, in what, whose it is, and the flow that carries it."""

    __tablename__ = "indicator"
    __table_args__ = (Index("ix_indicator_flow_code", "flow", "code"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    unit_mult: Mapped[int] = mapped_column(Integer)
    decimals: Mapped[int] = mapped_column(Integer)
    additive: Mapped[bool] = mapped_column(Boolean)
    department: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str] = mapped_column(Text)
    flow: Mapped[str] = mapped_column(Text)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    defined_at: Mapped[Instant] = mapped_column()


class ReleaseRow(Base):
    """A release, revision or correction of confidentiality: who stated it, in which batch, when and why."""

    __tablename__ = "indicator_release"
    __table_args__ = (UniqueConstraint("flow", "release"),)

    id: Mapped[Uuid7Key] = mapped_column()
    flow: Mapped[str] = mapped_column(Text)
    release: Mapped[str] = mapped_column(Text)
    released_at: Mapped[Instant] = mapped_column()
    department: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str | None] = mapped_column(Text)
    batch: Mapped[str | None] = mapped_column(Text)
    revision_kind: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[int] = mapped_column(Integer)
    revised: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    suppressed: Mapped[int] = mapped_column(Integer)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    recorded_by: Mapped[str] = mapped_column(Text)


class SeriesRow(Base):
    """A series: the codes of its key in the order of its structure, and what holds for all of it."""

    __tablename__ = "indicator_series"
    __table_args__ = (UniqueConstraint("flow", "key"),)

    id: Mapped[Uuid7Key] = mapped_column()
    flow: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    attributes: Mapped[dict[str, str]] = mapped_column(JSONB)


class ObservationRow(Base):
    """One vintage of one value: known from its release until the next one that changed it."""

    __tablename__ = "indicator_observation"
    __table_args__ = (
        Index(
            "uq_indicator_observation_present", "series", "period", unique=True,
            postgresql_where=text("known_to IS NULL"),
        ),
    )  # fmt: skip

    series: Mapped[UUID] = mapped_column(Uuid, ForeignKey("indicator_series.id"), primary_key=True)
    period: Mapped[str] = mapped_column(Text, primary_key=True)
    known_from: Mapped[Instant] = mapped_column(primary_key=True)
    known_to: Mapped[Instant | None] = mapped_column()
    period_start: Mapped[date] = mapped_column(Date)
    period_end: Mapped[date] = mapped_column(Date)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    obs_status: Mapped[str] = mapped_column(Text)
    conf_status: Mapped[str] = mapped_column(Text)
    secondary: Mapped[bool] = mapped_column(Boolean)
    attributes: Mapped[dict[str, str]] = mapped_column(JSONB)
    release: Mapped[UUID] = mapped_column(Uuid)
