"""What a caller sees of a resource: all of an opened one, what a grant shows of another, or one's own department's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from citykit.actors import Actor
from citykit.problems import Problem
from citykit.work import Work, WorkInRequest
from data_hub import keyless, opened_reads
from data_hub.datasets.domain import Column, ColumnType
from data_hub.datasets.sealed import Sealed
from data_hub.datasets.service import Dataset, Datasets
from data_hub.meters import PUBLIC
from data_hub.opened_reads import Read
from data_hub.person_reads.service import PersonReads, number_columns
from data_hub.resources.domain import READ_AT, Opening, Sensitivity, ShareType, is_private
from data_hub.resources.schemas import Resource
from data_hub.resources.service import Resources
from data_hub.services.domain import BadQuestion, Group, conditions
from data_hub.services.errors import KeyWanted, NoService, QuestionRefused, ReadElsewhere
from data_hub.services.keys import HEADER, Keys, holder
from data_hub.services.models import KeyRow
from data_hub.sharing.service import Evidence, Grant, Grants, Outcome, Why

QUERY = "data-hub.services.query"
OWN_DUTY = "本部门履职 The source department's own duties"


@dataclass(frozen=True)
class Asker:
    """Who asks: a department's person or program, a partner with a key, or anybody."""

    actor: Actor | None = None
    key: KeyRow | None = None

    @property
    def label(self) -> str:
        """How meters name the asker."""
        if self.key is not None:
            return f"key:{self.key.id}"
        return PUBLIC if self.department is None else f"department:{self.department}"

    @property
    def department(self) -> str | None:
        """The department that answers for the asker."""
        return None if self.actor is None else self.actor.department


@dataclass(frozen=True)
class View:
    """A resource as an asker sees it: these columns of that table, behind this filter."""

    resource: Resource
    dataset: Dataset
    columns: tuple[Column, ...]
    policy: Group | None
    grant: Grant | None
    asker: Asker
    opened: bool
    sealed: Sealed

    @property
    def types(self) -> Mapping[str, ColumnType]:
        """The types of the columns that are seen."""
        return {column.name: column.type for column in self.columns}

    @property
    def sealed_columns(self) -> Mapping[str, Column]:
        """The columns of the data set whose values lie encrypted."""
        return {column.name: column for column in self.dataset.shape.sealed}

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that say whose a row is; none where everybody may read: nothing personal is shown there."""
        return number_columns(self.resource, self.dataset.shape) if self.is_on_record else ()

    @property
    def code(self) -> str:
        """The resource's code."""
        return self.resource.code

    @property
    def is_on_record(self) -> bool:
        """Whether calls leave evidence with their transaction: all but those of what everybody may read."""
        return not self.opened


class Views:
    """What askers see, within one transaction.

    `note` takes what readers of opened rows were answered; without it that is kept with the transaction.
    """

    def __init__(self, work: Work, note: Callable[[Actor | None, Read], None] | None = None) -> None:
        self.work = work
        self._note = note

    async def of(
        self, code: str, asker: Asker, *, grant: UUID | None = None, action: str = "query", spends: bool = True
    ) -> View:
        """What `asker` sees of a resource. Ask first: a refusal undoes what the transaction did until then.

        A refusal is on record: under the grant where one is meant, else with the resource. That of askers without a
        name, and for a code of nothing, is left by the route (`data_hub.sharing.on_record`), which bounds how many.

        Raises NoService, ReadElsewhere, KeyWanted, NotGranted, QuotaUsed, and QuestionRefused for a policy that no
        longer fits.
        """
        resource = await Resources(self.work).published(code)
        dataset = await Datasets(self.work).of(code if resource is None else resource.code)
        if resource is None or dataset is None:
            there = resource.code if resource is not None else None if dataset is None else dataset.resource
            elsewhere = ReadElsewhere(READ_AT[code]) if code in READ_AT else NoService()
            raise await self._refused(there, asker, action, elsewhere)
        if resource.opening is Opening.opened:
            return self._opened(resource, dataset, asker)
        if asker.actor is None or asker.department is None:
            unknown = KeyWanted(resource) if resource.public_metadata else NoService()
            raise await self._refused(resource.code, asker, action, unknown)
        sealed = Datasets(self.work).sealed(dataset)
        own = {resource.provider, resource.source_department}
        if asker.key is None and asker.department in own:
            return View(resource, dataset, dataset.shape.columns, None, None, asker, opened=False, sealed=sealed)
        held = await self._held(resource, asker, grant, action, spends=spends)
        columns = tuple(column for column in dataset.shape.columns if column.name in set(held.columns))
        view = View(resource, dataset, columns, None, held, asker, opened=False, sealed=sealed)
        return replace(view, policy=await self._policy(view, held, action))

    async def asker(self, actor: Actor) -> Asker:
        """Who asks where `actor` does, as of now: with the key that it holds. Raises KeyRefused, on record."""
        return Asker(actor, await Keys(self.work).held_by(actor))

    async def refuse(self, view: View, fault: BadQuestion, action: str) -> None:
        """Put the refusal of a question on record where calls leave evidence, and raise it. Raises QuestionRefused."""
        await self.note_refusal(view, fault.code, action)
        raise QuestionRefused.because(fault)

    async def note_refusal(self, view: View, code: str, action: str) -> None:
        """Put a refusal on record where calls leave evidence; it undoes the transaction: raise the problem next."""
        if view.is_on_record and view.asker.actor is not None:
            await Evidence(self.work).record(
                resource=view.code, grant=view.grant, actor=view.asker.actor, action=action, outcome=Outcome.refused,
                code=code,
            )  # fmt: skip

    async def served(
        self, view: View, rows: int, columns: tuple[str, ...], action: str, *, spends: bool = True
    ) -> None:  # fmt: skip
        """Put a call on record, and count its rows against the grant unless they were counted. Raises QuotaUsed."""
        if view.opened:
            await self._read(view, Read(view.code, action, rows, columns))
            return
        if view.asker.actor is None:
            return
        if view.grant is not None and spends:
            await Grants(self.work).charge(view.grant, rows, actor=view.asker.actor, action=action)
        await Evidence(self.work).record(
            resource=view.code, grant=view.grant, actor=view.asker.actor, action=action, outcome=Outcome.served,
            rows=rows, columns=columns,
        )  # fmt: skip

    async def _read(self, view: View, read: Read) -> None:
        if self._note is not None:
            self._note(view.asker.actor, read)
        elif view.asker.actor is not None:
            await opened_reads.keep(self.work, view.asker.actor, read)

    def persons_told(self, view: View, columns: tuple[str, ...], action: str) -> PersonReads | None:
        """Where the persons are noted whose rows an answer shows; None where its rows are nobody's."""
        if not view.numbers or view.asker.actor is None:
            return None
        held = view.grant
        purpose, basis = (OWN_DUTY, None) if held is None else (held.purpose, held.legal_basis)
        by, matter = view.asker.actor, None
        if held is not None:
            by, matter = held.named(by), held.said
        return PersonReads(self.work, by, action, view.resource, columns, purpose, basis, matter)

    async def _held(
        self, resource: Resource, asker: Asker, grant: UUID | None, action: str, *, spends: bool
    ) -> Grant:  # fmt: skip
        """The grant of a call; none covers what is not shared any more, even before it is suspended for that."""
        assert asker.actor is not None
        grants = Grants(self.work)
        held = await grants.policy(
            resource.code, actor=asker.actor, grant=asker.key.grant_id if asker.key else grant, action=action,
            spends=spends,
        )  # fmt: skip
        if resource.share_type is ShareType.refused:
            await grants.refuse(
                Why.unshared, resource=resource.code, grant=held.id, actor=asker.actor, action=action
            )  # fmt: skip
        return held

    async def _refused(self, resource: str | None, asker: Asker, action: str, problem: Problem) -> Problem:
        """The problem, on record with a resource that is there where somebody with a name asked for it."""
        if resource is not None and asker.actor is not None:
            await Evidence(self.work).record(
                resource=resource, grant=asker.key.grant_id if asker.key else None, actor=asker.actor, action=action,
                outcome=Outcome.refused, code=problem.slug,
            )  # fmt: skip
        return problem

    def _opened(self, resource: Resource, dataset: Dataset, asker: Asker) -> View:
        public = {
            item.name for item in resource.items if item.sensitivity is Sensitivity.public and not is_private(item)
        }
        columns = tuple(column for column in dataset.shape.columns if column.name in public)
        sealed = Datasets(self.work).sealed(dataset)
        return View(resource, dataset, columns, None, None, asker, opened=True, sealed=sealed)

    async def _policy(self, view: View, grant: Grant, action: str) -> Group | None:
        if grant.row_filter is None:
            return None
        try:
            # The filter may name columns that the recipient does not see.
            shape = view.dataset.shape
            return conditions(grant.row_filter, {one.name: one.type for one in shape.columns}, view.sealed_columns)
        except BadQuestion as fault:
            await self.refuse(view, fault, action)
            raise AssertionError("a refusal raises") from fault


async def asker(request: Request, work: WorkInRequest) -> Asker:
    """Who asks. A token without the scope asks as anybody.

    Raises KeyRefused, TooManyRequests for too many bad keys from one address, Unauthenticated for a bad token.
    """
    if text := request.headers.get(HEADER):
        key = await Keys(work).check(text, lambda: keyless.count(request, keyless.REFUSED_KEY))
        request.state.holder = holder(key)
        return Asker(request.state.holder, key)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        actor: Actor = await request.app.state.city.verifier.verify(token.strip())
        return Asker(actor) if actor.may(QUERY) else Asker()
    return Asker()


AskerInRequest = Annotated[Asker, Depends(asker)]
