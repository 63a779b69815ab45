"""What goes over the wire about matters."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from citykit.pages import PageQuery
from citykit.wire import ShortText, Wire
from gov_collab.matters.domain import HandledAs, misplaced
from gov_collab.matters.models import MatterRow

MatterCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=64)]
Keyword = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class MatterEntry(Wire):
    """One class in a list to be adopted."""

    code: MatterCode
    parent_code: MatterCode | None
    name: ShortText
    name_en: ShortText
    keywords: Annotated[list[Keyword], Field(max_length=100)]
    handled_as: HandledAs = HandledAs.ticket


class Catalogue(Wire):
    """A whole list of matters 事项分类清单: every class, in the order of the list, and where it comes from."""

    version: ShortText
    source: ShortText
    matters: Annotated[list[MatterEntry], Field(min_length=1, max_length=2000)]

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        parents = {entry.code: entry.parent_code for entry in self.matters}
        if len(parents) != len(self.matters):
            raise ValueError("a code stands twice in the list")
        if wrong := misplaced(parents):
            raise ValueError(f"no way up to a root from {', '.join(wrong[:5])}")
        return self


class Adoption(Wire):
    """What adopting a list did."""

    version: str
    active: int
    retired: int


class Matter(Wire):
    """A class of matters 事项分类."""

    code: str
    parent_code: str | None
    name: str
    name_en: str
    handled_as: HandledAs
    active: bool

    @classmethod
    def of(cls, row: MatterRow) -> "Matter":
        """The wire form of a row."""
        return cls(
            code=row.code, parent_code=row.parent_code, name=row.name, name_en=row.name_en,
            handled_as=HandledAs(row.handled_as), active=row.active,
        )  # fmt: skip


class MatterFilter(PageQuery):
    """Which classes: the children of a class, or all of the list in its order."""

    parent: MatterCode | None = None


class SuggestionQuestion(Wire):
    """A message whose class is wanted."""

    title: ShortText
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)] = ""


class SuggestedMatter(Wire):
    """A class that fits, how well (no unit, larger is better), and the words that spoke for it."""

    matter: Matter
    score: float
    because: list[str]


class Suggestions(Wire):
    """The classes that fit a message best, best first; empty where no word of any class was said."""

    items: list[SuggestedMatter]
