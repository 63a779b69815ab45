"""What goes over the wire about licences. What a licence says is shown to its holder and its issuer alone."""

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Path
from pydantic import Field, StrictInt, StringConstraints

from citykit.pages import PageQuery
from citykit.wire import CitizenNumber, Instant, LongText, Query, ShortText, Uscc, Wire
from data_hub.licences.domain import FieldKind, FieldRule, HolderKind, Standing, Status, Validity, standing
from data_hub.licences.models import BatchRow, IssuerRow, LicenceRow, TypeRow
from data_hub.seals.binding import Binding

TypeCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}[0-9A-Z]{3}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60)]
ListNumber = Annotated[int, Path(ge=0, le=2**31 - 1)]
Claims = dict[FieldName, str | StrictInt]  # a truth value or a fraction is no number of a licence
LONGEST_TEXT = 200_000  # characters of a form to check
MOST_DOCUMENT = 3_000_000  # bytes of one; a third more in base64
Days = Annotated[int, Field(ge=0, le=3660)]
PaperNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def _usual(given: dict[str, Any]) -> Validity:
    return Validity.long if given.get("valid_months") is None else Validity.months


class FieldDraft(Wire):
    """A field of a licence type."""

    name: FieldName = Field(description="Its name in data", examples=["business_scope"])
    title: ShortText = Field(description="Its name on paper", examples=["经营范围"])
    kind: FieldKind = FieldKind.text
    required: bool = True
    longest: Annotated[int, Field(ge=1, le=2000)] = 200
    codes: Annotated[list[Code], Field(max_length=200)] = Field(default=[], description="What a code may be")

    def rule(self) -> FieldRule:
        """The rule as the domain knows it."""
        return FieldRule(self.name, self.title, self.kind, self.required, self.longest, tuple(self.codes))


class Template(Wire):
    """How a licence reads: `{name}` stands for a field, or for holder_name, holder_number, identifier, issuer, …"""

    title: ShortText = Field(examples=["食品经营许可证"])
    lines: Annotated[list[ShortText], Field(min_length=1, max_length=30)] = Field(
        examples=[["{holder_name}符合食品经营许可条件，准予经营：{business_scope}。"]]
    )


class TypeDraft(Wire):
    """A licence type to make."""

    code: TypeCode = Field(description="USCC of the responsible ministry and 3 characters (GB/T 36904)")
    name_zh: ShortText
    name_en: ShortText
    department: Uscc = Field(description="Who issues it; others beside it are added to the type")
    department_name: ShortText
    holder_kind: HolderKind
    one_per_holder: bool = Field(
        default=False, description="Whether a holder has one of them in force at a time 一人一证"
    )
    valid_months: Annotated[int, Field(ge=1, le=1200)] | None = Field(
        description="Its term, or the longest that one may have; null: for ever 长期"
    )
    validity: Validity = Field(
        default_factory=_usual,
        description="`months`: as many as `valid_months` says 固定期限; `until`: to a day that each licence says,"
        " within `valid_months` 至指定日; `long`: for ever 长期. Left out: the first, or the last without months",
    )
    stock: bool = Field(
        default=False, description="Whether licences on paper are entered, with the number that it carries 存量证照"
    )
    renew_before_days: Days = 90
    renew_after_days: Days = 0
    fields: Annotated[list[FieldDraft], Field(max_length=40)]
    template: Template


class LicenceType(TypeDraft):
    """A licence type."""

    retired: bool
    made_at: Instant

    @classmethod
    def of(cls, row: TypeRow) -> Self:
        """The type of a row."""
        return cls(
            code=row.code, name_zh=row.name_zh, name_en=row.name_en, department=row.department,
            department_name=row.department_name, holder_kind=HolderKind(row.holder_kind),
            one_per_holder=row.one_per_holder,
            valid_months=row.valid_months, validity=Validity(row.validity), stock=row.stock,
            renew_before_days=row.renew_before_days, renew_after_days=row.renew_after_days,
            retired=row.retired, made_at=row.made_at,
            fields=[FieldDraft.model_validate(one) for one in row.fields],
            template=Template.model_validate(row.template),
        )  # fmt: skip


class TypeFilter(PageQuery):
    """Which types."""

    department: Uscc | None = None


class IssuerDraft(Wire):
    """A department that is to issue licences of a type beside the one that the type names."""

    department: Uscc
    department_name: ShortText


class Issuer(IssuerDraft):
    """A department that issues licences of a type; what it issued stays its own once it does no longer."""

    added_at: Instant
    ended_at: Instant | None

    @classmethod
    def of(cls, row: IssuerRow) -> Self:
        """The issuer of a row."""
        return cls(
            department=row.department, department_name=row.department_name, added_at=row.added_at,
            ended_at=row.ended_at,
        )  # fmt: skip


class IssuerFilter(PageQuery):
    """Which page of the issuers."""


class Person(Wire):
    """A person who is to hold a licence."""

    name: ShortText
    id_number: CitizenNumber


class Organisation(Wire):
    """A legal entity that is to hold a licence."""

    name: ShortText
    uscc: Uscc


class LicenceDraft(Wire):
    """A licence to issue."""

    type_code: TypeCode
    person: Person | None = None
    organisation: Organisation | None = None
    claims: Claims = Field(description="The fields of its type")
    valid_from: date | None = Field(default=None, description="Today where it is left out; at most a year from today")
    valid_to: date | None = Field(
        default=None, description="Its last day, where the type says `until`; of a paper also an earlier one than usual"
    )
    paper_number: PaperNumber | None = Field(
        default=None, description="The number that its paper carries, where the type takes stock 存量证照"
    )


class Renewal(Wire):
    """A renewal 换发: what is left out stays as it was; the term begins after the old one, or today."""

    claims: Claims | None = None
    valid_to: date | None = Field(default=None, description="Its last day, where the type says `until`")


class Amendment(Wire):
    """An amendment 变更: what is left out stays as it was, serial and term in any case; something is another."""

    holder_name: ShortText | None = Field(default=None, description="What the holder is called now")
    claims: Claims | None = None
    reason: ShortText


class Reason(Wire):
    """Why."""

    reason: ShortText


class LicenceBrief(Wire):
    """A licence without what it says; the holder is masked."""

    id: UUID
    identifier: str = Field(description="证照标识 of GB/T 36904")
    type_code: str
    issuer: str
    holder: str
    holder_number: str
    version: int
    valid_from: date
    valid_to: date | None = Field(description="Its last day; null: for ever")
    status: Status
    standing: Standing = Field(description="What it is worth today")
    status_at: Instant
    issued_at: Instant

    @classmethod
    def of(cls, row: LicenceRow, today: date, **more: Any) -> Self:
        """The licence of a row as it stands today."""
        return cls(
            id=row.id, identifier=row.identifier, type_code=row.type_code, issuer=row.issuer, holder=row.holder_shown,
            holder_number=row.number_shown, version=row.version, valid_from=row.valid_from, valid_to=row.valid_to,
            status=Status(row.status), status_at=row.status_at, issued_at=row.issued_at,
            standing=standing(Status(row.status), row.valid_from, row.valid_to, today), **more,
        )  # fmt: skip


class Licence(LicenceBrief):
    """A licence with what it says, for its holder and its issuer."""

    holder_name: str
    holder_code: str = Field(description="The holder's number in full")
    claims: dict[str, str | int]
    paper_number: str | None = Field(description="The number on the paper that it was entered from")
    status_reason: str | None


class LicenceFilter(PageQuery):
    """Which licences of one's department."""

    type_code: TypeCode | None = None
    status: Status | None = None


class LicenceSearch(PageQuery):
    """Which licences of one's department. It is a body, not a query: numbers of persons do not belong into addresses.

    What is given must all fit.
    """

    id_number: CitizenNumber | None = Field(default=None, description="公民身份号码 of the holder")
    uscc: Uscc | None = Field(default=None, description="统一社会信用代码 of the holder")
    serial: Annotated[str, StringConstraints(pattern="^[0-9A-Z]{1,30}$")] | None = Field(
        default=None, description="The fourth part of the identifier, of whichever version"
    )
    batch: UUID | None = None
    type_code: TypeCode | None = None
    status: Status | None = None


class OwnFilter(PageQuery):
    """Which page of one's own licences; `uscc` asks for those of a firm that one represents."""

    uscc: Uscc | None = None


class StandingQuery(Query):
    """Which licence, and what for: the holder sees it."""

    identifier: Annotated[str, StringConstraints(min_length=20, max_length=100)]
    purpose: ShortText


class Credential(Wire):
    """A verifiable credential (SD-JWT VC), all disclosures with it, ending with `~`."""

    credential: str


class HolderJwk(Wire):
    """A public key of the holder (RFC 7517, P-256), to bind a credential to it."""

    kty: Annotated[str, StringConstraints(pattern="^EC$")]
    crv: Annotated[str, StringConstraints(pattern="^P-256$")]
    x: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    y: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class CredentialRequest(Wire):
    """A credential to make; bound to `holder_key` where one is given."""

    holder_key: HolderJwk | None = None


class Batch(Wire):
    """A batch and how far it is."""

    id: UUID
    type_code: str
    rows: int
    issued: int
    refused: int
    done: bool
    failure: str | None = Field(
        description="What went wrong on the city's side with rows that fit, of which every line stands among the"
        " faults as `part-failed` and may be handed in again; null: nothing"
    )
    made_at: Instant

    @classmethod
    def of(cls, row: BatchRow, issued: int, refused: int, *, done: bool, failure: str | None) -> Self:
        """The batch of a row."""
        return cls(
            id=row.id, type_code=row.type_code, rows=row.row_count, issued=issued, refused=refused, done=done,
            failure=failure, made_at=row.made_at,
        )  # fmt: skip


class BatchQuery(Query):
    """Of which type the licences of a file are."""

    type_code: TypeCode


class FaultFilter(PageQuery):
    """Which page of the rows that became no licence."""


class Fault(Wire):
    """A row that became no licence: its line in the file (the heading is line 1), and each wrong field.

    Where no field is named, the whole line has the code: `part-failed`, `type-retired`, `issuer-ended`, `unreadable`.
    """

    line: int
    faults: list[dict[str, str]]


class Presented(Wire):
    """A form of a licence to check: the text of a credential or QR code, or a document in base64.

    The text of a QR code is an address whose fragment is a JWS, or the bare JWS; the address is neither read nor asked.
    """

    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)] | None = None
    document: Annotated[str, StringConstraints(min_length=1, max_length=MOST_DOCUMENT * 4 // 3)] | None = None
    nonce: ShortText | None = Field(
        default=None, description="What the verifier asked the holder of a credential to sign (RFC 9901 §4.3)"
    )
    audience: ShortText | None = Field(default=None, description="As whom the verifier asked her")


class Verification(Wire):
    """What a form is worth now. Of the licence it tells what the form itself showed, and the one status."""

    verdict: str = Field(
        description="valid, not-yet-valid, expired, suspended, revoked, superseded; stale (an old QR code); "
        "tampered, foreign, unknown, unreadable"
    )
    form: str = Field(description="pdf, ofd, sd-jwt-vc, qr or none")
    said_zh: str
    said_en: str
    identifier: str | None = None
    type_name: str | None = None
    holder: str | None = Field(default=None, description="Masked where it is a person; null where the form is silent")
    valid_from: date | None = None
    valid_to: date | None = None
    status_at: Instant | None = None
    stamped_at: Instant | None = Field(default=None, description="When a time-stamp authority saw the seal of a PDF")
    holder_binding: Binding | None = Field(
        default=None,
        description="Of a credential: `proven` where the key that it names signed this `nonce` for this `audience`; "
        "`unproven` where it names one and nothing did, so that a copy shows as well; `unbound` where it names none",
    )
    shown: dict[str, Any] = Field(default={}, description="The fields that the holder chose to show")
    checked_at: Instant


class TypeMetadata(Wire):
    """Type metadata of the credentials of a licence type (SD-JWT VC draft, section on type metadata)."""

    vct: LongText
    name: str
    description: str
    display: list[dict[str, Any]]
    claims: list[dict[str, Any]]
