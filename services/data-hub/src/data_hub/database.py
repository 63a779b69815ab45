"""The tables of this service hang on one metadata, in this service's own schema."""

from sqlalchemy.orm import DeclarativeBase

from citykit.database import new_metadata


class Base(DeclarativeBase):
    """The root of the data hub's models."""

    metadata = new_metadata()
