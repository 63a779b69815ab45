"""Tables of organisations. Two leads for one matter and area on one day are refused by the database itself."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, String, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from citykit.database import Instant, Uuid7Key
from gov_collab.database import Base


class DepartmentRow(Base):
    """A department 部门, named by its unified social credit code (GB 32100); it exists on the days of its validity."""

    __tablename__ = "department"

    code: Mapped[str] = mapped_column(String(18), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(200))
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    division_code: Mapped[str] = mapped_column(String(12))
    phone: Mapped[str | None] = mapped_column(String(32))
    sort_order: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class PostRow(Base):
    """A post 岗位 in a department and the scopes it carries; its scopes never change, another set is another post."""

    __tablename__ = "post"

    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))


class AppointmentRow(Base):
    """A person's service in a post. `subject` is the account id in the city's identity provider."""

    __tablename__ = "appointment"
    __table_args__ = (ForeignKeyConstraint(["department_code", "post_code"], ["post.department_code", "post.code"]),)

    id: Mapped[Uuid7Key]
    subject: Mapped[UUID]
    department_code: Mapped[str] = mapped_column(String(18))
    post_code: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    made_at: Mapped[Instant]
    announced_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str | None] = mapped_column(Text)


class ResponsibilityRow(Base):
    """A clause of the responsibility list 权责清单. A condition in CEL will stand beside these columns one day."""

    __tablename__ = "responsibility"

    id: Mapped[Uuid7Key]
    matter_code: Mapped[str] = mapped_column(ForeignKey("matter.code"))
    area_code: Mapped[str] = mapped_column(String(12))
    department_code: Mapped[str] = mapped_column(ForeignKey("department.code"))
    role: Mapped[str] = mapped_column(String(16))
    legal_basis: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    priority: Mapped[int]
    made_at: Mapped[Instant]
