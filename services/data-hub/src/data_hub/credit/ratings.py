"""Ratings 信用评价: computed from named facts, kept with them, computed again by anybody."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select

from citykit.actors import Actor
from citykit.ids import new_id
from citykit.problems import NotFound
from citykit.work import Work, WorkInRequest
from data_hub.credit import repository
from data_hub.credit.domain import Fact, Kind, Method, Rating, Severity, rated
from data_hub.credit.models import RatingRow, RecordRow
from data_hub.credit.schemas import RatingResult, Reproduction
from data_hub.credit.service import Credit


class Ratings:
    """Ratings within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.credit = Credit(work)

    async def rate(self, uscc: str, version: str | None, *, by: Actor) -> RatingResult:
        """Rate a firm by what is in force today, and keep the facts with the result. Raises UnknownFirm, NotFound."""
        await self.credit.name_of(uscc)
        rows = await self.credit.delivered(uscc, to=by.department)
        kept = await self._rate(uscc, await self.method(version), rows)
        self.work.audit.note(stream=f"credit/{uscc}", act="rate", by=by, data={"rating": str(kept.id)})
        return _told(kept)

    async def read(self, uscc: str, rating_id: UUID) -> RatingResult:
        """A rating as it was given. Raises NotFound."""
        return _told(await self._kept(uscc, rating_id))

    async def reproduce(self, uscc: str, rating_id: UUID) -> Reproduction:
        """Compute a rating again from the facts that were kept with it. Raises NotFound."""
        kept = await self._kept(uscc, rating_id)
        again = rated(await self.method(kept.method), [_fact(told) for told in kept.facts])
        same = again.fingerprint == kept.fingerprint and _result(again) == kept.result
        return Reproduction(same=same, grade=again.grade, points=again.points, fingerprint=again.fingerprint)

    async def _rate(self, uscc: str, method: Method, rows: list[RecordRow]) -> RatingRow:
        facts = [fact_of(row) for row in rows]
        rating = rated(method, facts)
        kept = RatingRow(
            uscc=uscc, id=new_id(), rated_on=self.credit.today, method=method.version,
            facts=[_plain(fact) for fact in facts], result=_result(rating), fingerprint=rating.fingerprint,
            rated_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.session.add(kept)
        await self.work.session.flush()
        return kept

    async def _kept(self, uscc: str, rating_id: UUID) -> RatingRow:
        statement = select(RatingRow).where(RatingRow.uscc == uscc, RatingRow.id == rating_id)
        row = (await self.work.session.scalars(statement)).first()
        if row is None:
            raise NotFound
        return row

    async def method(self, version: str | None) -> Method:
        """A method by its version, or the one in force. Raises NotFound."""
        for row in await repository.methods(self.work):
            if row.version == version or (version is None and row.effective_from <= self.credit.today):
                return repository.method_of(row)
        raise NotFound


def fact_of(row: RecordRow) -> Fact:
    """A record as a rating sees it."""
    return Fact(str(row.id), Kind(row.kind), Severity(row.severity) if row.severity else None, row.title)


def _plain(fact: Fact) -> dict[str, Any]:
    return asdict(fact) | {"kind": fact.kind.value, "severity": fact.severity.value if fact.severity else None}


def _fact(told: dict[str, Any]) -> Fact:
    severity = Severity(told["severity"]) if told["severity"] else None
    return Fact(told["record"], Kind(told["kind"]), severity, told["title"])


def _result(rating: Rating) -> dict[str, Any]:
    return {
        "grade": rating.grade, "points": rating.points,
        "contributions": [asdict(one) for one in rating.contributions],
    }  # fmt: skip


def _told(row: RatingRow) -> RatingResult:
    return RatingResult(
        id=row.id, uscc=row.uscc, rated_on=row.rated_on, method=row.method, grade=row.result["grade"],
        points=row.result["points"], contributions=row.result["contributions"], facts=row.facts,
        fingerprint=row.fingerprint,
    )  # fmt: skip


async def ratings(work: WorkInRequest) -> Ratings:
    """The acts, for a handler."""
    return Ratings(work)


RatingsInRequest = Annotated[Ratings, Depends(ratings)]
