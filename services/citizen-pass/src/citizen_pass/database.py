"""The one declarative base of this service's tables."""

from sqlalchemy.orm import DeclarativeBase

from citykit.database import new_metadata


class Base(DeclarativeBase):
    """Base of every row class of citizen-pass."""

    metadata = new_metadata()
