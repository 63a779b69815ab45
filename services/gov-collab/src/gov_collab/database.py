"""The root of this service's models: one metadata, the schema comes from the role's search path."""

from sqlalchemy.orm import DeclarativeBase

from citykit.database import new_metadata


class Base(DeclarativeBase):
    """Base of every table of government collaboration."""

    metadata = new_metadata()
