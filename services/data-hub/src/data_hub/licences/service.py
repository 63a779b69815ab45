"""The acts of issuing departments: make a type, issue, renew, suspend, resume, revoke. `amending` has one more."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from citykit.actors import Actor
from citykit.problems import FieldError, NotFound
from citykit.work import Work, WorkInRequest
from data_hub.licences import awaiting, holders, one_each, repository
from data_hub.licences.access import types_of
from data_hub.licences.domain import (
    BUILT_IN,
    NEWEST_VERSION,
    FieldKind,
    HolderKind,
    Standing,
    Status,
    Validity,
    after,
    may_renew,
    placeholders,
    standing,
)
from data_hub.licences.errors import (
    AlreadyHeld,
    ClaimFault,
    LicenceState,
    NotRenewable,
    PaperNumberTaken,
    TypeExists,
    TypeFault,
    TypeRetired,
    UnknownType,
)
from data_hub.licences.events import LicenceStatusChanged
from data_hub.licences.models import PAPERS, LicenceRow, TypeRow
from data_hub.licences.schemas import Licence, LicenceBrief, LicenceDraft, LicenceType, Renewal, TypeDraft
from data_hub.licences.writing import (
    PLACES,
    Holder,
    Numbers,
    Term,
    faults_of,
    opened,
    rules_of,
    serial_of,
    tell,
    tell_holders,
    term_rule_of,
    today_of,
    values_of,
)
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.service import Population

ADMINISTRATION = "电子证照管理 Administration of licences"
# What a holder reads in her access log for what every licence says.
_HOLDER_WORDS = {
    "holder_name": "持证人姓名 Name of the holder",
    "holder_number": "持证人号码 Number of the holder",
    "holder_shown": "脱敏的持证人信息 The holder, masked",
    "standing": "证照状态 Standing of the licence",
    "paper_number": "纸质证照编号 Number of the paper",
}


class Licences:
    """The acts on licences within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    @property
    def today(self) -> date:
        """The day in Hengshui."""
        return today_of(self.work)

    async def make_type(self, draft: TypeDraft, *, by: Actor) -> LicenceType:
        """Make a licence type. Raises TypeExists, TypeFault where template, names or code lists do not fit."""
        _check_type(draft)
        values = draft.model_dump(mode="json") | {"retired": False, "made_at": self.work.clock.now()}
        statement = insert(TypeRow).values(values).on_conflict_do_nothing().returning(TypeRow)
        row = (await self.work.session.scalars(statement)).one_or_none()
        if row is None:
            raise TypeExists
        self.work.audit.note(stream=f"licence-type/{row.code}", act="make", by=by)
        return LicenceType.of(row)

    async def retire_type(self, row: TypeRow, reason: str, *, by: Actor) -> LicenceType:
        """Retire a type: nothing is issued of it any more; what was issued stays as it is."""
        row.retired = True
        self.work.audit.note(stream=f"licence-type/{row.code}", act="retire", by=by, data={"reason": reason})
        return LicenceType.of(row)

    async def type_to_issue(self, code: str, by: Actor) -> TypeRow:
        """A type that the actor's department issues, not retired while it does. Raises UnknownType, TypeRetired."""
        row = await repository.type_row(self.work, code, types_of(by), keep=True)
        if row is None:
            raise UnknownType
        if row.retired:
            raise TypeRetired
        return row

    async def issue(self, draft: LicenceDraft, *, by: Actor) -> LicenceBrief:
        """Issue a licence 签发, or enter one from paper. Raises UnknownType, TypeRetired, ClaimFault, OtherName,
        HolderCeased, AlreadyHeld, PaperNumberTaken.
        """
        kind = await self.type_to_issue(draft.type_code, by)
        valid_from = draft.valid_from or self.today
        holder = await self._holder(kind, draft)
        self._check(kind, draft.claims, valid_from)
        holder = await self._certifiable(kind, holder)
        if draft.paper_number is not None and not kind.stock:
            raise ClaimFault(errors=[FieldError(pointer="/body/paper_number", code="stock", message="stock")])
        term = self._term(kind, valid_from, valid_from, draft.valid_to, stock=draft.paper_number is not None)
        number = await repository.reserved(self.work, f"serial/{kind.code}", 1)
        place = await repository.reserved(self.work, PLACES, 1)
        numbers = Numbers(serial_of(self.today.year, number), 1, place, draft.paper_number)
        return await self._write(kind, holder, draft.claims, term, numbers, by=by, act="issue")

    async def renew(self, row: LicenceRow, renewal: Renewal, *, by: Actor) -> LicenceBrief:
        """Issue the next version of a licence 换发; the present one is superseded from now on.

        The new one counts from today, and its term from the end of the old one: nobody loses days by coming early.
        Raises LicenceState, NotRenewable outside the time of renewal, TypeRetired, ClaimFault, OtherName, HolderCeased,
        AlreadyHeld.
        """
        kind = await self.type_to_issue(row.type_code, by)
        times = {"before_days": kind.renew_before_days, "after_days": kind.renew_after_days}
        if after("renew", Status(row.status)) is None:
            raise LicenceState
        if not may_renew(row.valid_to, self.today, **times):
            raise NotRenewable
        content = opened(self.work, row)
        if renewal.claims is not None:
            content["claims"] = renewal.claims
        assert row.valid_to is not None  # what never ends is not renewed
        first = max(self.today, row.valid_to + timedelta(days=1))
        term = self._term(kind, self.today, first, renewal.valid_to)
        return await self.replace(kind, row, content, term, act="renew", reason="换发", by=by)

    async def replace(
        self, kind: TypeRow, row: LicenceRow, content: dict[str, Any], term: Term, *, act: str, reason: str, by: Actor
    ) -> LicenceBrief:
        """Put the next version in the place of a licence, which is superseded; `content` is what it says from now on.

        Raises LicenceState, ClaimFault, OtherName, HolderCeased, AlreadyHeld.
        """
        if row.version >= NEWEST_VERSION:
            raise LicenceState
        self._check(kind, content["claims"], term.valid_from)
        holder = await self._known(kind, content["holder_name"], content["holder_number"], row.holder_person)
        holder = await self._certifiable(kind, holder)
        place = await repository.reserved(self.work, PLACES, 1)
        await self._move(act, row, reason, by)
        # Rows are written before others are changed: both versions would count for a moment, which indexes forbid.
        await self.work.session.flush()
        numbers = Numbers(row.serial, row.version + 1, place, content.get("paper_number"))
        return await self._write(kind, holder, content["claims"], term, numbers, by=by, act=act)

    async def suspend(self, row: LicenceRow, reason: str, *, by: Actor) -> LicenceBrief:
        """Suspend a licence 暂停. Raises LicenceState."""
        return await self._moved("suspend", row, reason, by)

    async def resume(self, row: LicenceRow, reason: str, *, by: Actor) -> LicenceBrief:
        """Let a suspended licence count again 恢复. Raises LicenceState."""
        return await self._moved("resume", row, reason, by)

    async def revoke(self, row: LicenceRow, reason: str, *, by: Actor) -> LicenceBrief:
        """Revoke a licence for good 注销. Raises LicenceState."""
        return await self._moved("revoke", row, reason, by)

    async def read(self, row: LicenceRow, *, by: Actor) -> Licence:
        """A licence with what it says; the read of a person's licence is logged."""
        content = opened(self.work, row)
        fields = [*(name for name in content if name != "claims"), *content["claims"]]
        await note_read(
            self.work, row, by=by, action="查看电子证照 Read a licence", purpose=ADMINISTRATION, fields=fields
        )
        return Licence.of(
            row, self.today, holder_name=content["holder_name"], holder_code=content["holder_number"],
            claims=content["claims"], paper_number=content.get("paper_number"), status_reason=row.status_reason,
        )  # fmt: skip

    async def standing_of(self, identifier: str, purpose: str, *, by: Actor) -> LicenceBrief:
        """What the licence of an identifier is worth today; the holder sees who asked and why. Raises NotFound."""
        row = await repository.by_identifier(self.work, identifier)
        if row is None:
            raise NotFound
        fields = ["holder_shown", "standing"]
        await note_read(self.work, row, by=by, action="查验证照状态 Check a licence", purpose=purpose, fields=fields)
        return LicenceBrief.of(row, self.today)

    async def _holder(self, kind: TypeRow, draft: LicenceDraft) -> Holder:
        wanted = HolderKind(kind.holder_kind)
        if draft.person is not None and draft.organisation is None and wanted is HolderKind.person:
            return await self._known(kind, draft.person.name, draft.person.id_number)
        if draft.organisation is not None and draft.person is None and wanted is HolderKind.organisation:
            return Holder(wanted, draft.organisation.name, draft.organisation.uscc)
        raise ClaimFault(errors=[FieldError(pointer=f"/body/{wanted.value}", code="holder", message=wanted.value)])

    async def _known(self, kind: TypeRow, name: str, number: str, person: UUID | None = None) -> Holder:
        """A holder, with her number in the registry where she is a person whom it knows by now."""
        wanted = HolderKind(kind.holder_kind)
        if wanted is HolderKind.person and person is None:
            person = (await Population(self.work).numbered([number])).get(number)
        return Holder(wanted, name, number, person)

    async def _certifiable(self, kind: TypeRow, holder: Holder) -> Holder:
        """The holder as the registry writes her name. Where holders have one licence each, it is this act's turn."""
        await one_each.take_turn(self.work, kind)
        return await holders.certifiable(self.work, kind, holder)

    def _term(
        self, kind: TypeRow, valid_from: date, first: date, asked: date | None, *, stock: bool = False
    ) -> Term:  # fmt: skip
        """A term that is counted from `first`: of a renewal that is the day after the old one ends."""
        rule = term_rule_of(kind)
        if (wrong := rule.fault(first, asked, stock=stock)) is not None:
            raise ClaimFault(errors=[FieldError(pointer="/body/valid_to", code=wrong, message=wrong)])
        return Term(valid_from, rule.ends(first, asked))

    def _check(self, kind: TypeRow, claims: dict[str, str | int], valid_from: date) -> None:
        if wrong := faults_of(rules_of(kind), claims, valid_from, self.today):
            raise ClaimFault(errors=[FieldError(pointer=f"/body/{at}", code=code, message=code) for at, code in wrong])

    async def _write(
        self,
        kind: TypeRow,
        holder: Holder,
        claims: dict[str, str | int],
        term: Term,
        numbers: Numbers,
        *,
        by: Actor,
        act: str,
    ) -> LicenceBrief:
        assert by.department is not None  # whoever issues of a type does so for her department
        values = values_of(
            self.work, kind, holder, claims, term, numbers, issuer=by.department, by=by.reference
        )  # fmt: skip
        terms = await one_each.terms_of(self.work, kind, {holder.number: holder.person}, but=numbers.serial)
        if not terms.take(holder.number, values["valid_from"], values["valid_to"]):
            raise AlreadyHeld
        row = LicenceRow(**values)
        self.work.session.add(row)
        try:
            # The index of papers' numbers decides, also between two who enter one at the same moment.
            await self.work.session.flush()
        except IntegrityError as error:
            if PAPERS in str(error.orig):
                raise PaperNumberTaken from error
            raise
        if holder.is_unknown:
            await awaiting.keep(self.work, [(row.id, holder.number)])
        tell(self.work, values)
        tell_holders(self.work, [values], subject=str(row.id))
        self.work.audit.note(stream=f"licence/{row.id}", act=act, by=by, data={"identifier": row.identifier})
        return LicenceBrief.of(row, self.today)

    async def _moved(self, act: str, row: LicenceRow, reason: str, by: Actor) -> LicenceBrief:
        await self._move(act, row, reason, by)
        return LicenceBrief.of(row, self.today)

    async def _move(self, act: str, row: LicenceRow, reason: str, by: Actor) -> None:
        reached = after(act, Status(row.status))
        if reached is None:
            raise LicenceState
        row.status, row.status_reason, row.status_at = reached.value, reason, self.work.clock.now()
        event = LicenceStatusChanged(
            licence_id=row.id, identifier=row.identifier, type_code=row.type_code, person=row.holder_person,
            status=reached.value, changed_at=row.status_at, representative=await self._representative(row.holder_code),
        )  # fmt: skip
        self.work.events.record(event, subject=str(row.id))
        self.work.audit.note(stream=f"licence/{row.id}", act=act, by=by, data={"reason": reason})

    async def _representative(self, holder_code: str | None) -> UUID | None:
        """Who is to be told for a firm that holds a licence, where the registry knows her."""
        entity = None if holder_code is None else await LegalEntities(self.work).find(holder_code)
        return None if entity is None else entity.legal_representative


def stands(row: LicenceRow, today: date) -> Standing:
    """What a licence is worth today."""
    return standing(Status(row.status), row.valid_from, row.valid_to, today)


async def note_read(
    work: Work, row: LicenceRow, *, by: Actor, action: str, purpose: str, fields: list[str], matter: str | None = None
) -> None:  # fmt: skip
    """Log the read of a person's licence in the words of its type; of firms' licences there is no log of persons."""
    if row.holder_person is None:
        return
    kind = await work.session.get_one(TypeRow, row.type_code)
    work.access.read(
        person=f"person:{row.holder_person}", by=by, action=action, fields=fields, purpose=purpose,
        legal_basis="《国务院关于在线政务服务的若干规定》第十条", record=f"{kind.name_zh} {kind.name_en}",
        said={field["name"]: field["title"] for field in kind.fields} | _HOLDER_WORDS, matter=matter,
    )  # fmt: skip


def _check_type(draft: TypeDraft) -> None:
    names = [field.name for field in draft.fields]
    wrong = [("fields", f"twice: {name}") for name in set(names) if names.count(name) > 1]
    wrong += [("fields", f"reserved: {name}") for name in names if name in BUILT_IN]
    wrong += [("fields", f"no codes: {f.name}") for f in draft.fields if (f.kind is FieldKind.code) != bool(f.codes)]
    strangers = placeholders([draft.template.title, *draft.template.lines]) - set(names) - BUILT_IN
    wrong += [("template", f"unknown: {name}") for name in sorted(strangers)]
    if (draft.validity is Validity.long) != (draft.valid_months is None):
        wrong.append(("valid_months", f"validity: {draft.validity}"))
    if draft.valid_months is not None and draft.renew_before_days > draft.valid_months * 31:
        wrong.append(("renew_before_days", "longer than the term"))
    if wrong:
        raise TypeFault(
            errors=[FieldError(pointer=f"/body/{at}", code="contradiction", message=said) for at, said in wrong]
        )


async def licences(work: WorkInRequest) -> Licences:
    """The acts, for a handler."""
    return Licences(work)


LicencesInRequest = Annotated[Licences, Depends(licences)]
