"""Tables of licences. What a licence says, and who holds it, is sealed; only masks and keyed hashes are plain."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from data_hub.database import Base

PAPERS = "uq_licence_paper"  # the index that lets one licence at a time carry the number of a paper


class TypeRow(Base):
    """A licence type: its fields, its template, its rules of validity, and the department that issues it."""

    __tablename__ = "licence_type"

    code: Mapped[str] = mapped_column(String(21), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    department: Mapped[str] = mapped_column(String(18), index=True)
    department_name: Mapped[str] = mapped_column(String(200))
    holder_kind: Mapped[str] = mapped_column(String(16))
    one_per_holder: Mapped[bool] = mapped_column(server_default="false")
    validity: Mapped[str] = mapped_column(String(8), server_default="months")
    valid_months: Mapped[int | None] = mapped_column()
    stock: Mapped[bool] = mapped_column(server_default="false")
    renew_before_days: Mapped[int] = mapped_column()
    renew_after_days: Mapped[int] = mapped_column()
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    template: Mapped[dict[str, Any]] = mapped_column(JSONB)
    retired: Mapped[bool] = mapped_column()
    made_at: Mapped[Instant] = mapped_column()


class IssuerRow(Base):
    """A department that issues licences of a type beside the one that the type names, until it does no longer."""

    __tablename__ = "licence_type_issuer"

    type_code: Mapped[str] = mapped_column(ForeignKey("licence_type.code"), primary_key=True)
    department: Mapped[str] = mapped_column(String(18), primary_key=True)
    department_name: Mapped[str] = mapped_column(String(200))
    added_at: Mapped[Instant] = mapped_column()
    ended_at: Mapped[Instant | None] = mapped_column()


class CounterRow(Base):
    """Running numbers that are reserved many at a time: of a type's serials, of the places in status lists."""

    __tablename__ = "licence_counter"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)


class LicenceRow(Base):
    """A version of a licence. `sealed` is JSON under the context `licence/<id>`: holder, number, fields, paper_number.

    `paper_index` is the keyed hash of the number on the paper that a licence was entered from: one of an issuer's
    licences of a type carries it at a time.
    """

    __tablename__ = "licence"
    __table_args__ = (
        UniqueConstraint("identifier"),
        UniqueConstraint("type_code", "serial", "version"),
        UniqueConstraint("status_list", "status_place"),
        Index("ix_licence_issuer_id", "issuer", "id"),
        Index("ix_licence_holder_person_id", "holder_person", "id"),
        Index("ix_licence_holder_code_id", "holder_code", "id"),
        Index("ix_licence_not_valid", "status_list", postgresql_where=text("status <> 'valid'")),
        Index(
            PAPERS,
            *("type_code", "issuer", "paper_index"),
            unique=True,
            postgresql_where=text("paper_index IS NOT NULL AND status IN ('valid', 'suspended')"),
        ),
    )

    id: Mapped[Uuid7Key] = mapped_column()
    type_code: Mapped[str] = mapped_column(ForeignKey("licence_type.code"))
    issuer: Mapped[str] = mapped_column(String(18))
    serial: Mapped[str] = mapped_column(String(30))
    version: Mapped[int] = mapped_column()
    identifier: Mapped[str] = mapped_column(String(100))
    holder_person: Mapped[UUID | None] = mapped_column()
    holder_code: Mapped[str | None] = mapped_column(String(18))
    holder_shown: Mapped[str] = mapped_column(Text)
    number_shown: Mapped[str] = mapped_column(String(40))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[date] = mapped_column()
    valid_to: Mapped[date | None] = mapped_column()
    status: Mapped[str] = mapped_column(String(16))
    status_reason: Mapped[str | None] = mapped_column(Text)
    status_at: Mapped[Instant] = mapped_column()
    status_list: Mapped[int] = mapped_column()
    status_place: Mapped[int] = mapped_column()
    batch: Mapped[UUID | None] = mapped_column(index=True)
    paper_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued_at: Mapped[Instant] = mapped_column()
    issued_by: Mapped[str] = mapped_column(Text)


class AwaitingRow(Base):
    """A person's licence whose holder the registry did not know when it was issued: a keyed hash of her number.

    It is the hash that the population registry finds persons by. The row goes when the licence is hers.
    """

    __tablename__ = "licence_awaiting"
    __table_args__ = (Index("ix_licence_awaiting_holder_index_licence_id", "holder_index", "licence_id"),)

    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licence.id"), primary_key=True)
    holder_index: Mapped[bytes] = mapped_column(LargeBinary)


class AuthorisationRow(Base):
    """A holder's leave for a department to use a licence: for which matter, which fields, how often, until when."""

    __tablename__ = "licence_authorisation"
    __table_args__ = (Index("ix_licence_authorisation_department_id", "department", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licence.id"), index=True)
    department: Mapped[str] = mapped_column(String(18))
    department_name: Mapped[str] = mapped_column(String(200))
    matter: Mapped[str] = mapped_column(String(200))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    until: Mapped[Instant] = mapped_column()
    uses_left: Mapped[int | None] = mapped_column()
    withdrawn_at: Mapped[Instant | None] = mapped_column()
    granted_by: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[Instant] = mapped_column()


class UseRow(Base):
    """A use of a licence, refused ones included, as its holder sees it."""

    __tablename__ = "licence_use"
    __table_args__ = (Index("ix_licence_use_licence_id_id", "licence_id", "id"),)

    id: Mapped[Uuid7Key] = mapped_column()
    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licence.id"))
    authorisation_id: Mapped[UUID] = mapped_column(ForeignKey("licence_authorisation.id"))
    department: Mapped[str] = mapped_column(String(18))
    department_name: Mapped[str] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(Text)
    matter: Mapped[str] = mapped_column(String(200))
    case_number: Mapped[str | None] = mapped_column(String(200))
    fields: Mapped[list[str]] = mapped_column(JSONB)
    outcome: Mapped[str] = mapped_column(String(40))
    at: Mapped[Instant] = mapped_column()


class BatchRow(Base):
    """Licences issued by a file. Numbers are reserved when it comes, so that its parts never wait for each other."""

    __tablename__ = "licence_batch"

    id: Mapped[Uuid7Key] = mapped_column()
    type_code: Mapped[str] = mapped_column(ForeignKey("licence_type.code"))
    department: Mapped[str] = mapped_column(String(18), index=True)
    row_count: Mapped[int] = mapped_column()
    first_serial: Mapped[int] = mapped_column(BigInteger)
    first_place: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Instant] = mapped_column()


class PartRow(Base):
    """A part of a batch: its rows, sealed (context `licence-batch/<batch>/<part>`), until they are licences.

    `failure` is why none of them could be; then all of them count as refused.
    """

    __tablename__ = "licence_batch_part"

    batch: Mapped[UUID] = mapped_column(ForeignKey("licence_batch.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    issued: Mapped[int] = mapped_column()
    refused: Mapped[int] = mapped_column()
    done_at: Mapped[Instant | None] = mapped_column()
    failure: Mapped[str | None] = mapped_column(Text)


class FaultRow(Base):
    """A row of a batch that became no licence, and why; never what it said."""

    __tablename__ = "licence_batch_fault"

    batch: Mapped[UUID] = mapped_column(ForeignKey("licence_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    faults: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
