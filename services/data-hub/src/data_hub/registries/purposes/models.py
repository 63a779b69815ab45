"""The table of purposes: a copy of the rules for reports and joins; the rules themselves are in `domain`."""

from sqlalchemy import Boolean, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data_hub.database import Base


class PurposeRow(Base):
    """One purpose that the city recognises or once recognised (`in_force` false): access logs still name it."""

    __tablename__ = "purpose"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_zh: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    disclosable: Mapped[list[str]] = mapped_column(ARRAY(Text))
    verifies: Mapped[bool] = mapped_column(Boolean)
    in_force: Mapped[bool] = mapped_column(Boolean)
