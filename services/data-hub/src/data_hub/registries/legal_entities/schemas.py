"""What the legal-entity registry says over the wire. A representative's name is masked; her number is never told."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Fen, Instant, LongText, ShortText, Uscc, Wire
from data_hub.registries.legal_entities.domain import EntityField, EntityState, LegalForm
from data_hub.registries.matching.scoring import Agreement
from data_hub.registries.schemas import SourceDraft, ValueCorrection, Within


class LegalEntity(Wire):
    """A legal entity, ceased ones included."""

    uscc: str
    name: str
    former_names: list[str]
    state: EntityState
    state_since: date
    legal_form: LegalForm
    division_code: str
    address: str | None
    established_on: date
    representative_name: str | None = Field(description="法定代表人 or 负责人, masked", examples=["张*"])
    capital_fen: int | None
    scope: str | None
    version: int
    changed_at: Instant

    @classmethod
    def of(cls, row: object) -> Self:
        """The entity that a row of the table holds."""
        known = {name: getattr(row, name) for name in cls.model_fields if name != "representative_name"}
        return cls(**known, representative_name=getattr(row, "representative_shown"))  # noqa: B009 - any row will do


class LegalEntityBrief(Wire):
    """A legal entity in a list."""

    uscc: str
    name: str
    state: EntityState
    legal_form: LegalForm
    division_code: str
    established_on: date


class LegalEntityFilter(PageQuery):
    """Which entities: by division (and everything within), state, form, or a part of a present or former name."""

    division_code: Within | None = None
    state: EntityState | None = None
    legal_form: LegalForm | None = None
    name: Annotated[str | None, Field(min_length=2, max_length=100, pattern=r"\S\s*\S")] = None


class EntityMatchQuestion(Wire):
    """Which entity somebody may mean: a code that may be mistyped, a present or former name with a slip in it.

    A name may lack its place and its legal form: 思远橡塑 finds 衡水桃城思远橡塑制品有限公司 only where its
    distinctive part is whole, 思远橡塑制品.
    """

    uscc: Annotated[str | None, Field(min_length=15, max_length=40)] = None
    name: Annotated[str | None, Field(min_length=2, max_length=200, pattern=r"\S\s*\S")] = None
    division_code: Within | None = None
    established_on: date | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class EntityClue(Wire):
    """How one clue agrees with a candidate."""

    field: str
    how: Agreement


class EntityMatch(Wire):
    """A candidate with what it is worth and why."""

    score: float = Field(description="1: every clue agrees; below 0.3 none is named")
    agreement: list[EntityClue]
    entity: LegalEntityBrief


class EntityMatches(Wire):
    """The candidates, the likeliest first. `cut` says that there are more than were looked at: add a clue."""

    items: list[EntityMatch]
    cut: bool


class EntityDraft(Wire):
    """A legal entity to register."""

    uscc: Uscc
    name: ShortText
    legal_form: LegalForm
    division_code: DivisionCode
    established_on: date
    address: Annotated[str | None, Field(min_length=2, max_length=300)] = None
    legal_representative: UUID | None = Field(default=None, description="Her number in the population registry")
    representative_name: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    capital_fen: Annotated[Fen | None, Field(ge=0)] = None
    scope: LongText | None = None
    source: SourceDraft


class EntityCorrection(ValueCorrection):
    """A value to correct or to change, of one field; amounts and dates as text."""

    value: str | None = Field(max_length=4000)
    field: EntityField


class Cessation(Wire):
    """The end of an entity 注销、吊销、迁出."""

    state: EntityState
    ceased_on: date
    source: SourceDraft


class RepresentationQuestion(Wire):
    """Does this person of the population registry represent the entity?"""

    person: UUID


class Representation(Wire):
    """The answer; an entity that ceased is represented by nobody."""

    represents: bool
    role: str | None = None
