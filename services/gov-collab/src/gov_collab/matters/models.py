"""Tables of matters."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gov_collab.database import Base


class MatterRow(Base):
    """A class of matters. One that a newer list leaves out stays for the old tickets, no longer to be chosen."""

    __tablename__ = "matter"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("matter.code"))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text))
    handled_as: Mapped[str] = mapped_column(String(16))
    sort_order: Mapped[int]
    active: Mapped[bool]
