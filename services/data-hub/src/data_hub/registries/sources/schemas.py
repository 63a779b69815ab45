"""What the list of sources says over the wire."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import ShortText, Uscc, Wire
from data_hub.registries.sources.domain import Registry

FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,49}$", examples=["division_code"])]
Registrar = Annotated[str, Field(pattern=r"^[0-9ANY]?$", description="First character of the codes; empty: all")]


class SourceNaming(Wire):
    """The department that is the source of a field from a day on."""

    registry: Registry
    field: FieldName
    registrar: Registrar = ""
    valid_from: date
    department: Uscc
    department_name: ShortText
    legal_basis: ShortText


class NamedSource(SourceNaming):
    """A named source, also one that no longer counts."""

    valid_to: date | None = Field(description="First day on which another one counts")

    @classmethod
    def of(cls, row: object) -> Self:
        """The source that a row of the table holds."""
        known = {name: getattr(row, name) for name in cls.model_fields if name != "registry"}
        return cls(registry=Registry(getattr(row, "registry_name")), **known)  # noqa: B009 - any row will do


class SourceQuery(PageQuery):
    """Which sources: of one registry, in force on a day; all that ever were without one."""

    registry: Registry | None = None
    on: date | None = None
