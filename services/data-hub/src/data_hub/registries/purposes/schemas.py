"""What the purposes say over the wire."""

from pydantic import Field

from citykit.wire import Wire


class PurposeEntry(Wire):
    """A purpose for which personal data may be used."""

    code: str
    name_zh: str
    name_en: str
    legal_basis: str
    fields: list[str] = Field(description="The fields of a person that this purpose may see, masked")
    disclosable: list[str] = Field(description="Those of them that may be disclosed unmasked")
    verifies: bool = Field(description="Whether a name and a number may be checked against the registry for it")
    in_force: bool


class PurposeList(Wire):
    """All purposes, those no longer in force included."""

    items: list[PurposeEntry]
