"""Tables of the layers. The layer stands in every key: a large city spreads its features by it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Float, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Box, Instant, Uuid7Key
from data_hub.database import Base

_LIVING = text("until is null")


class LayerRow(Base):
    """A layer as it stands: who answers for it, who may see it, and its living version. A withdrawn one stays a row."""

    __tablename__ = "geo_layer"
    __table_args__ = (CheckConstraint("access IN ('public', 'government', 'department')", name="access"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    caution: Mapped[str | None] = mapped_column(Text)
    access: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    datetime_field: Mapped[str | None] = mapped_column(Text)
    datetime_end_field: Mapped[str | None] = mapped_column(Text)
    named_by: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    kind: Mapped[str] = mapped_column(Text)
    sample: Mapped[bool] = mapped_column(Boolean)
    resource: Mapped[str | None] = mapped_column(Text)
    extent: Mapped[list[float]] = mapped_column(ARRAY(Float))
    period_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    period_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    feature_count: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)
    edition: Mapped[UUID] = mapped_column(Uuid)
    digest: Mapped[str] = mapped_column(Text)
    published_at: Mapped[Instant] = mapped_column()
    published_by: Mapped[str] = mapped_column(Text)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EditionRow(Base):
    """A version of a layer: what it changed, who brought it and from where, and who might see which columns of it."""

    __tablename__ = "geo_edition"
    __table_args__ = (CheckConstraint("cause IN ('publication', 'correction', 'withdrawal')", name="cause"),)

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    cause: Mapped[str] = mapped_column(Text)
    feature_count: Mapped[int] = mapped_column(BigInteger)
    added: Mapped[int] = mapped_column(BigInteger)
    changed: Mapped[int] = mapped_column(BigInteger)
    removed: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(Text)
    repaired: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    department: Mapped[str] = mapped_column(Text)
    access: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(Text)
    resource: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[Instant] = mapped_column()
    published_by: Mapped[str] = mapped_column(Text)


class FeatureRow(Base):
    """A state of a feature, known from version `since` until version `until`; the living one has no `until`.

    The geometry is GeoJSON in EPSG:4490, longitude first; the box around it is for the index. The fingerprint tells
    whether the next version changed it, and `batch` where it came from.
    """

    __tablename__ = "geo_feature"
    __table_args__ = (
        CheckConstraint("until > since", name="order"),
        Index("uq_geo_feature_living", "layer", "fid", unique=True, postgresql_where=_LIVING),
        Index("ix_geo_feature_layer_extent", "layer", "extent", postgresql_using="gist", postgresql_where=_LIVING),
        Index("ix_geo_feature_layer_since", "layer", "since"),
        Index("ix_geo_feature_layer_until", "layer", "until", postgresql_where=text("until is not null")),
    )

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    fid: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[int | None] = mapped_column(BigInteger)
    geometry: Mapped[dict[str, Any]] = mapped_column(JSONB)
    extent: Mapped[str] = mapped_column(Box)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    batch: Mapped[str | None] = mapped_column(Text)


class NameRow(Base):
    """A name by which the geocoder finds a division, a village, a place or an address, as the living version has it.

    The point is known or it is not. Names of a withdrawn layer are gone.
    """

    __tablename__ = "geo_name"
    __table_args__ = (
        Index("ix_geo_name_bigrams", "bigrams", postgresql_using="gin"),
        Index("ix_geo_name_keys", "keys", postgresql_using="gin"),
        Index("ix_geo_name_division", "fid", postgresql_where=text("kind = 'division'")),
        Index(
            "ix_geo_name_village", "division_code",
            postgresql_where=text("kind = 'village' and location is not null"),
        ),
        Index("ix_geo_name_location", "location", postgresql_using="gist"),
    )  # fmt: skip

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    fid: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    bigrams: Mapped[list[str]] = mapped_column(ARRAY(Text))
    address: Mapped[str | None] = mapped_column(Text)
    division_code: Mapped[str | None] = mapped_column(Text)
    location: Mapped[str | None] = mapped_column(Box)
    longitude: Mapped[float | None] = mapped_column(Float)
    latitude: Mapped[float | None] = mapped_column(Float)


class DisputeRow(Base):
    """A correction ticket about an attribute or the position of a feature; its evidence is sealed for the ticket."""

    __tablename__ = "geo_dispute"
    __table_args__ = (
        Index("ix_geo_dispute_department_id", "department", "id"),
        Index("ix_geo_dispute_asked_department_id", "asked_department", "id"),
        Index(
            "uq_geo_dispute_open", "layer", "fid", "field", "asked_department",
            unique=True, postgresql_where=text("state = 'open'"),
        ),
    )  # fmt: skip

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    fid: Mapped[str] = mapped_column(Text(collation="C"))
    field: Mapped[str] = mapped_column(Text)
    disputed: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    claimed: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    evidence_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_department: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Instant] = mapped_column()
    due_at: Mapped[Instant] = mapped_column()
    legal_basis: Mapped[str] = mapped_column(Text)
    escalated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int | None] = mapped_column(BigInteger)
    told: Mapped[int] = mapped_column(Integer)


class FollowerRow(Base):
    """A department that is told of each version of a layer."""

    __tablename__ = "geo_follower"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    department: Mapped[str] = mapped_column(Text, primary_key=True)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()


class NoticeRow(Base):
    """A department is told of a version of a layer: never the values, they are read where they are kept."""

    __tablename__ = "geo_notice"
    __table_args__ = (Index("ix_geo_notice_department_id", "department", "id"),)

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[Uuid7Key] = mapped_column()
    department: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(Text)
    fid: Mapped[str | None] = mapped_column(Text(collation="C"))
    field: Mapped[str | None] = mapped_column(Text)
    dispute: Mapped[UUID | None] = mapped_column(Uuid)
    told_at: Mapped[Instant] = mapped_column()
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
