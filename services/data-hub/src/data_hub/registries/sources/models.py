"""Who is the source of which field, and how long an answer may take; both with the days they are in force."""

from datetime import date

from sqlalchemy import Date, Integer, Text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import literal_column

from data_hub.database import Base


class SourceRow(Base):
    """The source department of a field; `registrar` narrows it to the codes that begin so, empty is all."""

    __tablename__ = "registry_source"
    __table_args__ = (
        ExcludeConstraint(
            (literal_column("registry_name"), "="),
            (literal_column("field"), "="),
            (literal_column("registrar"), "="),
            (literal_column("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_registry_source_one_source",
        ),
    )

    registry_name: Mapped[str] = mapped_column(Text, primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    registrar: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(Date)
    department: Mapped[str] = mapped_column(Text)
    department_name: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)


class DeadlineRow(Base):
    """How many working days an answer may take, by its kind."""

    __tablename__ = "registry_deadline"

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    valid_to: Mapped[date | None] = mapped_column(Date)
    working_days: Mapped[int] = mapped_column(Integer)
    legal_basis: Mapped[str] = mapped_column(Text)
