"""What the population registry says over the wire. Without an act of disclosure every personal value is masked."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from citykit.identifiers.gb11643 import Sex
from citykit.pages import PageQuery
from citykit.wire import DivisionCode, Instant, Query, ShortText, Wire
from data_hub.registries.matching.scoring import Agreement
from data_hub.registries.population.domain import PersonField, PersonState, RelationKind
from data_hub.registries.schemas import HistoryQuery, PurposeCode, SourceDraft, ValueCorrection, Within

Written = Annotated[str, Field(min_length=1, max_length=200)]
WholeName = Annotated[
    str, Field(min_length=1, max_length=50, pattern=r"\S", description="The whole name; one character may be one")
]
IdNumber = Annotated[str, Field(min_length=1, max_length=40, description="公民身份号码 by GB 11643")]


class Person(Wire):
    """A person as a purpose lets her be seen: masked, and null in fields that the purpose does not cover."""

    person: UUID
    purpose: str
    masked: bool = True
    name: str | None = Field(examples=["李*英"])
    id_number: str | None = Field(examples=["131102********0049"])
    sex: str | None
    birth_date: str | None = Field(examples=["1985-**-**"])
    ethnicity: str | None
    state: PersonState | None
    division_code: str | None
    address: str | None
    phone: str | None = Field(examples=["139****0001"])
    version: int
    changed_at: Instant


class PersonQuery(Query):
    """For what purpose a person is read."""

    purpose: PurposeCode


class PersonHistoryQuery(HistoryQuery):
    """Which part of a person's history, and for what purpose."""

    purpose: PurposeCode


class PersonSearch(PageQuery):
    """A search of persons. It is a body, not a query: names and numbers do not belong into addresses and their logs.

    It may ask by what the purpose may see, and by nothing else.
    """

    purpose: PurposeCode
    id_number: IdNumber | None = None
    name: WholeName | None = None
    name_contains: Annotated[str | None, Field(min_length=2, max_length=50, description="A part of the name")] = None
    division_code: Within | None = None
    state: PersonState | None = None


class PersonMatchQuestion(Wire):
    """Who somebody may be: a number that may be mistyped, a name that may be misheard, and what else is known of her.

    Every clue must be one of the fields that the purpose may see.
    """

    purpose: PurposeCode
    id_number: IdNumber | None = None
    name: WholeName | None = None
    birth_date: date | None = None
    division_code: Within | None = None
    sex: Sex | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class MatchedClue(Wire):
    """How one clue agrees with a candidate."""

    field: str
    how: Agreement


class PersonMatch(Wire):
    """A candidate, masked, with what she is worth and why."""

    score: float = Field(description="1: every clue agrees; below 0.3 nobody is named")
    agreement: list[MatchedClue]
    person: Person


class PersonMatches(Wire):
    """The candidates, the likeliest first. `cut` says that there are more than were looked at: add a clue."""

    items: list[PersonMatch]
    cut: bool


class PersonDraft(Wire):
    """A person to register. Sex and birth date are those of the identification number."""

    name: Written
    id_number: IdNumber
    ethnicity: Written | None = None
    division_code: DivisionCode | None = None
    address: Written | None = None
    phone: Written | None = None
    source: SourceDraft


class Correction(ValueCorrection):
    """A value to correct or to change, of one field."""

    field: PersonField


class Death(Wire):
    """The death of a person 死亡登记."""

    died_on: date
    source: SourceDraft


class DisclosureRequest(Wire):
    """What shall be seen unmasked, of whom, for which purpose and matter, on which legal basis."""

    purpose: PurposeCode
    legal_basis: Annotated[str, Field(min_length=4, max_length=500, pattern=r"\S", examples=["《户口登记条例》第三条"])]
    matter: Annotated[ShortText, Field(description="The matter at hand: a case, application or document number")]
    fields: Annotated[list[PersonField], Field(min_length=1, max_length=len(PersonField))]


class Disclosure(Wire):
    """An act of disclosure with the values that it disclosed. The values are in this answer alone, nowhere kept."""

    disclosure: UUID
    person: UUID
    purpose: str
    legal_basis: str
    matter: str
    disclosed_at: Instant
    values: dict[str, str | None]


class RelationDraft(Wire):
    """What the person of the path is to another one."""

    kind: RelationKind
    other: UUID
    true_from: date
    source: SourceDraft


class RelationEnd(Wire):
    """The end of what the person of the path is to another one, and where that comes from."""

    kind: RelationKind
    other: UUID
    true_to: date = Field(description="First day on which it is no more; the day it began says that it never was")
    source: SourceDraft


class RelationQuery(PersonQuery):
    """Which relations: those of a day, today's unless given; with `ended` all that ever were."""

    true_on: date | None = None
    ended: bool = False


class Relation(Wire):
    """What `person` is to `other`; both as their opaque numbers."""

    person: UUID
    kind: RelationKind
    other: UUID
    true_from: date
    true_to: date | None = Field(description="First day on which it is no more; null while it lasts")

    @classmethod
    def of(cls, row: object) -> Self:
        """The relation that a row of the table holds."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class RelationList(Wire):
    """The relations of a person, in either direction."""

    items: list[Relation]


class Verification(Wire):
    """A question of real-name verification 实名核验, asked by the service that keeps accounts."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    id_number: IdNumber
    purpose: Annotated[str, Field(min_length=1, max_length=50)]


class Verdict(Wire):
    """The answer: yes with who it is, or no. A no never says why."""

    matched: bool
    person: UUID | None = None
    masked_name: str | None = None
    birth_date: date | None = None
