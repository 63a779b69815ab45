"""Keeps changes, numbers them, and hands them to those who follow."""

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import or_, select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.pages import Page, PageQuery, keyset_page
from citykit.problems import FieldError, Forbidden
from citykit.work import Work, WorkInRequest
from data_hub.divisions.domain import canonical, stem_of
from data_hub.registries import bulk
from data_hub.registries.changes.domain import NEEDED, beyond
from data_hub.registries.changes.errors import NoDepartment, NoSuchSubscription, SubscriptionEnded
from data_hub.registries.changes.models import ChangeRow, HeadRow, SubscriptionRow
from data_hub.registries.changes.schemas import Change, ChangePage, ChangeQuery, Subscription, SubscriptionDraft
from data_hub.registries.errors import BeyondPurpose
from data_hub.registries.purposes.domain import FIELD_WORDS, REGISTER
from data_hub.registries.purposes.service import check_covered, purpose_of
from data_hub.registries.sources.domain import Registry

# Only what is committed can be seen here, and the head's lock lets one number at a time: numbers come in the order in
# which changes became visible, whatever order they began in.
_NUMBER = """
with fresh as (
  select subject, id, row_number() over (order by id) as place from registry_change
  where registry_name = %(registry)s and number is null
), numbered as (
  update registry_change c set number = %(head)s + fresh.place from fresh
  where c.subject = fresh.subject and c.id = fresh.id returning c.number
)
select coalesce(max(number), %(head)s) from numbered
"""


class Changes:
    """The changes of the registries within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._waiting: list[dict[str, Any]] | None = None

    @property
    def gathers(self) -> bool:
        """Whether changes wait until they are written at once."""
        return self._waiting is not None

    def gather(self) -> None:
        """Let changes wait from now on until they are written at once (`bulk.at_once`)."""
        self._waiting = []

    def let_go(self) -> None:
        """Forget the changes that wait."""
        self._waiting = None

    async def write(self) -> None:
        """Write the changes that wait."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            await bulk.copy(
                await self.work.driver(), ChangeRow.__tablename__, waiting[0], (tuple(row.values()) for row in waiting)
            )

    def note(
        self, registry: Registry, subject: str, *, act: str, fields: list[str], division: str | None,
        left: str | None = None, statement: UUID, into: str | None = None,
    ) -> None:  # fmt: skip
        """Keep that a record of a division changed, which it may have come to from `left`; written with the change.

        `into` is the record that it was merged into.
        """
        row = {
            "subject": subject, "id": new_id(), "registry_name": registry.value, "fields": sorted(fields),
            "division_code": division, "left_division": None if left == division else left, "act": act,
            "statement": statement, "changed_at": self.work.clock.now(), "number": None, "merged_into": into,
        }  # fmt: skip
        if self._waiting is None:
            self.work.session.add(ChangeRow(**row))
        else:
            self._waiting.append(row)

    async def subscribe(self, draft: SubscriptionDraft, *, by: Actor) -> Subscription:
        """Follow a registry for one's department, from now on.

        Raises Forbidden without the registry's scope, NoDepartment, UnknownPurpose, BeyondPurpose.
        """
        _admitted(draft.registry, by)
        if by.department is None:
            raise NoDepartment
        is_population = draft.registry is Registry.population
        purpose = purpose_of(draft.purpose or "", "/body/purpose") if is_population else None
        if purpose is not None and draft.division_code is not None:  # who is told only of a place learns of it
            check_covered(purpose, {"division_code": "division_code"})
        if wrong := beyond(draft.registry, draft.fields, purpose):
            raise BeyondPurpose(
                errors=[FieldError(pointer="/body/fields", code="beyond-purpose", message=field) for field in wrong]
            )
        row = SubscriptionRow(
            id=new_id(), registry_name=draft.registry.value, department=by.department, fields=sorted(set(draft.fields)),
            division_code=None if draft.division_code is None else canonical(draft.division_code),
            purpose=None if purpose is None else purpose.code, number_from=await self._numbered(draft.registry),
            made_by=by.reference, made_at=self.work.clock.now(), ended_at=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self._note(row, "subscribe", by)
        return Subscription.of(row)

    async def end(self, subscription: UUID, *, by: Actor) -> Subscription:
        """Follow no longer. Raises NoSuchSubscription, SubscriptionEnded."""
        row = await self._own(subscription, by)
        if row.ended_at is not None:
            raise SubscriptionEnded
        row.ended_at = self.work.clock.now()
        await self.work.session.flush()
        self._note(row, "end-subscription", by)
        return Subscription.of(row)

    async def listed(self, query: PageQuery, *, by: Actor) -> Page[Subscription]:
        """The subscriptions of the actor's department, oldest first."""
        found = select(SubscriptionRow).where(SubscriptionRow.department == (by.department or ""))
        keys = (SubscriptionRow.id,)
        return await keyset_page(self.work.session, found, keys=keys, query=query, make=Subscription.of)

    async def read(self, subscription: UUID, query: ChangeQuery, *, by: Actor) -> ChangePage:
        """The changes after a number that belong to a subscription; each person concerned finds it in her access log.

        Raises NoSuchSubscription, SubscriptionEnded, Forbidden.
        """
        row = await self._own(subscription, by)
        registry = Registry(row.registry_name)
        _admitted(registry, by)
        if row.ended_at is not None:
            raise SubscriptionEnded
        head = await self._numbered(registry)
        after = max(query.after, row.number_from)
        found = list(await self.work.session.scalars(_following(row, after).limit(query.limit + 1)))
        shown, more = found[: query.limit], len(found) > query.limit
        items = [
            Change(
                number=one.number or 0, subject=one.subject, act=one.act, changed_at=one.changed_at,
                merged_into=one.merged_into,
                fields=[field for field in one.fields if field in row.fields],
            )
            for one in shown
        ]  # fmt: skip
        if registry is Registry.population:
            self._log(items, row, by)
        return ChangePage(items=items, after=items[-1].number if more else max(head, after), more=more)

    async def followers(self, registry: Registry, field: str, divisions: Collection[str | None]) -> list[str]:
        """The departments that follow a field of records in one of these divisions."""
        row = SubscriptionRow
        found = await self.work.session.execute(
            select(row.department, row.division_code).where(
                row.registry_name == registry.value, row.ended_at.is_(None), row.fields.contains([field])
            )
        )
        here = [one or "" for one in divisions]
        return sorted({
            who for who, where in found if where is None or any(one.startswith(stem_of(where)) for one in here)
        })  # fmt: skip

    async def _numbered(self, registry: Registry) -> int:
        """Number what is committed and has no number yet; the last number given."""
        head = await self.work.session.get_one(HeadRow, registry.value, with_for_update=True, populate_existing=True)
        connection = await self.work.driver()
        found = await (await connection.execute(_NUMBER, {"registry": registry.value, "head": head.number})).fetchone()
        head.number = int(found[0]) if found is not None else head.number
        await self.work.session.flush()
        return head.number

    async def _own(self, subscription: UUID, by: Actor) -> SubscriptionRow:
        found = await self.work.session.scalars(
            select(SubscriptionRow)
            .where(SubscriptionRow.id == subscription, SubscriptionRow.department == (by.department or ""))
            .with_for_update()
        )
        row = found.one_or_none()
        if row is None:
            raise NoSuchSubscription
        return row

    def _log(self, items: list[Change], row: SubscriptionRow, by: Actor) -> None:
        purpose = purpose_of(row.purpose or "")
        for subject, fields in _by_person(items).items():
            self.work.access.read(
                person=f"person:{subject}", by=by, action="订阅收到变更提示 Was told of a change", fields=fields,
                purpose=purpose.said, legal_basis=purpose.legal_basis, record=REGISTER, said=FIELD_WORDS,
            )  # fmt: skip

    def _note(self, row: SubscriptionRow, act: str, by: Actor) -> None:
        data = {"registry": row.registry_name, "fields": row.fields, "division_code": row.division_code}
        self.work.audit.note(stream=f"registry-subscription/{row.id}", act=act, by=by, data=data)


def _admitted(registry: Registry, by: Actor) -> None:
    if not by.may(NEEDED[registry]):
        raise Forbidden((f"缺少权限 {NEEDED[registry]}", f"Missing scope {NEEDED[registry]}"))


def _following(row: SubscriptionRow, after: int) -> Any:
    found = select(ChangeRow).where(
        ChangeRow.registry_name == row.registry_name, ChangeRow.number > after, ChangeRow.fields.overlap(row.fields)
    )
    if row.division_code is not None:
        stem = stem_of(row.division_code)
        found = found.where(or_(ChangeRow.division_code.startswith(stem), ChangeRow.left_division.startswith(stem)))
    return found.order_by(ChangeRow.number)


def _by_person(items: list[Change]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for one in items:
        found.setdefault(one.subject, set()).update(one.fields)
    return {subject: sorted(fields) for subject, fields in found.items()}


async def changes(work: WorkInRequest) -> Changes:
    """The changes within this request's transaction."""
    return Changes(work)


ChangesInRequest = Annotated[Changes, Depends(changes)]
