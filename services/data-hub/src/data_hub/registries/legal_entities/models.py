"""Tables of the legal-entity registry: the present projection for fast reads, and every value with its history."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Computed, Date, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant
from data_hub.database import Base
from data_hub.registries.models import ValueColumns, one_truth_at_a_time


class LegalEntityRow(Base):
    """A legal entity as the registry knows it today; `name_bigrams` are those of its present and its former names."""

    __tablename__ = "legal_entity"
    __table_args__ = (
        Index("ix_legal_entity_county_code_uscc", "county_code", "uscc"),
        Index("ix_legal_entity_name_bigrams", "name_bigrams", postgresql_using="gin"),
        Index("ix_legal_entity_legal_representative", "legal_representative"),
        Index("ix_legal_entity_match_keys", "match_keys", postgresql_using="gin"),
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    former_names: Mapped[list[str]] = mapped_column(ARRAY(Text))
    name_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    name_bigrams: Mapped[list[str]] = mapped_column(ARRAY(Text))
    match_keys: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(Text)
    state_since: Mapped[date] = mapped_column(Date)
    legal_form: Mapped[str] = mapped_column(Text)
    division_code: Mapped[str] = mapped_column(Text)
    county_code: Mapped[str] = mapped_column(Text, Computed("left(division_code, 6)", persisted=True))
    address: Mapped[str | None] = mapped_column(Text)
    established_on: Mapped[date] = mapped_column(Date)
    legal_representative: Mapped[UUID | None] = mapped_column(Uuid)
    representative_name: Mapped[str | None] = mapped_column(Text)
    representative_shown: Mapped[str | None] = mapped_column(Text)
    capital_fen: Mapped[int | None] = mapped_column(BigInteger)
    scope: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    changed_at: Mapped[Instant] = mapped_column()


class LegalEntityValueRow(ValueColumns, Base):
    """One value of one field of a legal entity, with both its times and the statement it came with."""

    __tablename__ = "legal_entity_value"
    __table_args__ = (
        one_truth_at_a_time("uscc", "ex_legal_entity_value_one_truth"),
        Index("ix_legal_entity_value_known_to", "known_to", postgresql_where=text("known_to is not null")),
    )

    uscc: Mapped[str] = mapped_column(Text, primary_key=True, sort_order=-1)


class ReaderRow(Base):
    """A department read a legal entity, on `read_on` for the last time: all of it, or what lists show."""

    __tablename__ = "legal_entity_reader"

    uscc: Mapped[str] = mapped_column(Text, primary_key=True)
    department: Mapped[str] = mapped_column(Text, primary_key=True)
    whole: Mapped[bool] = mapped_column(Boolean)
    read_on: Mapped[date] = mapped_column(Date)
