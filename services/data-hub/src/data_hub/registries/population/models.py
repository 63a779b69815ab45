"""Tables of the population registry: the present projection for fast reads, and every value with its history."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base
from data_hub.registries.models import ValueColumns, one_truth_at_a_time


class PersonRow(Base):
    """A person as the registry knows her today. Every value here is the one of her history that is true and known now.

    `*_sealed` are encrypted (context `person/<id>/<field>`), `*_shown` their masked forms. `match_keys` find her in
    spite of a slip (see `registries.matching`).
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_name_key_id", "name_key", "id"),
        Index("ix_person_name_bigrams", "name_bigrams", postgresql_using="gin"),
        Index("ix_person_division_code_id", "division_code", "id"),
        Index("ix_person_name_key_birth_date", "name_key", "birth_date"),
        Index("ix_person_birth_date", "birth_date"),
        Index("ix_person_match_keys", "match_keys", postgresql_using="gin"),
    )

    id: Mapped[Uuid7Key] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    name_bigrams: Mapped[list[str]] = mapped_column(ARRAY(Text))
    former_names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    match_keys: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    id_number_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_shown: Mapped[str] = mapped_column(Text)
    sex: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date] = mapped_column(Date)
    ethnicity: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    state_since: Mapped[date] = mapped_column(Date)
    division_code: Mapped[str | None] = mapped_column(Text)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_shown: Mapped[str | None] = mapped_column(Text)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_shown: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    sample: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    changed_at: Mapped[Instant] = mapped_column()


class PersonNumberRow(Base):
    """Who carries an identification number, by its keyed hash: one number, one person, wherever the persons lie."""

    __tablename__ = "person_number"

    id_number_index: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person: Mapped[UUID] = mapped_column(Uuid)


class PersonValueRow(ValueColumns, Base):
    """One value of one field of a person, with both its times and the statement it came with."""

    __tablename__ = "person_value"
    __table_args__ = (
        one_truth_at_a_time("person", "ex_person_value_one_truth"),
        Index("ix_person_value_known_to", "known_to", postgresql_where=text("known_to is not null")),
    )

    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True, sort_order=-1)


class RelationRow(Base):
    """What `person` is to `other`: the guardian of a ward. Ended relations keep their days.

    `true_to` is the first day on which it is no more; `end_statement` is what ended it, known since `ended_at`.
    """

    __tablename__ = "person_relation"
    __table_args__ = (
        Index("ix_person_relation_other_kind", "other", "kind"),
        Index(
            "uq_person_relation_current",
            "person",
            "other",
            "kind",
            unique=True,
            postgresql_where=text("true_to is null"),
        ),
    )

    id: Mapped[Uuid7Key] = mapped_column()
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    other: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(Text)
    true_from: Mapped[date] = mapped_column(Date)
    true_to: Mapped[date | None] = mapped_column(Date)
    statement: Mapped[UUID] = mapped_column(Uuid)
    known_from: Mapped[Instant] = mapped_column()
    end_statement: Mapped[UUID | None] = mapped_column(Uuid)
    ended_at: Mapped[Instant | None] = mapped_column()


class DisclosureRow(Base):
    """An act of disclosure: who had which fields of whom unmasked, for what purpose and on what legal basis."""

    __tablename__ = "person_disclosure"
    __table_args__ = (Index("ix_person_disclosure_person_at", "person", "at"),)

    id: Mapped[Uuid7Key] = mapped_column()
    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[Instant] = mapped_column()
    by: Mapped[str] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    matter: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))


class VerificationRow(Base):
    """An attempt at real-name verification. Whose number it was stands here as its keyed hash alone."""

    __tablename__ = "verification_attempt"
    __table_args__ = (Index("ix_verification_attempt_id_number_index_at", "id_number_index", "at"),)

    id: Mapped[Uuid7Key] = mapped_column()
    at: Mapped[Instant] = mapped_column()
    by: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    id_number_index: Mapped[bytes] = mapped_column(LargeBinary)
    matched: Mapped[bool] = mapped_column(Boolean)
