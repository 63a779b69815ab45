"""The models of this service stand on one base: one metadata, one schema, one role."""

from sqlalchemy.orm import DeclarativeBase

from citykit.database import new_metadata


class Base(DeclarativeBase):
    """Root of every table of the enterprise service."""

    metadata = new_metadata()
