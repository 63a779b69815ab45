"""Failures counted in the database, per account and per address, so that every process and every restart knows them.

A try first takes the counter of its account under a lock: tries on one account run one after another, and parallel
guessing gains nothing. Names and addresses are kept as keyed hashes only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity.domain import PER_ACCOUNT, PER_ADDRESS, ThrottleRule
from citizen_pass.identity.models import ThrottleRow
from citykit.callers import address_bucket
from citykit.clock import WallClock
from citykit.work import Work


@dataclass(frozen=True)
class Counted:
    """One thing whose failures are counted, and by which rule.

    `held` counters are locked from the question to the commit: tries on one account run one after another. An address
    is not held: many people behind one must not wait for each other's passwords.
    """

    kind: str
    value: str
    rule: ThrottleRule
    held: bool = True


class Throttle:
    """The tries of one act: `wait` says whether one is allowed now, then `failed` or `succeeded` is told."""

    def __init__(self, work: Work, counted: Sequence[Counted]) -> None:
        self._work = work
        self._counted = {work.vault.index(f"throttle/{c.kind}", c.value): c for c in counted}

    async def wait(self) -> int:
        """Seconds until the next try is welcome; 0 where it is now. Held counters stay locked until the commit."""
        now = WallClock().now()
        held = sorted(key for key, counted in self._counted.items() if counted.held)
        await self._work.session.execute(
            insert(ThrottleRow)
            .values([{"key": key, "failures": 0, "last_failure": now} for key in held])
            .on_conflict_do_nothing()
        )
        rows = [*await self._rows(held, lock=True), *await self._rows(set(self._counted) - set(held))]
        return max(_seconds(row.blocked_until, now) for row in rows) if rows else 0

    async def _rows(self, keys: Iterable[bytes], *, lock: bool = False) -> Sequence[ThrottleRow]:
        statement = select(ThrottleRow).where(ThrottleRow.key.in_(list(keys))).order_by(ThrottleRow.key)
        return (await self._work.session.scalars(statement.with_for_update() if lock else statement)).all()

    async def failed(self) -> None:
        """Count a failure for every key; those not held are locked now, after the held ones, so two never deadlock."""
        now = WallClock().now()
        for held in (True, False):
            keys = sorted(key for key, counted in self._counted.items() if counted.held is held)
            if not keys:
                continue
            new = [{"key": key, "failures": 0, "last_failure": now} for key in keys]
            await self._work.session.execute(insert(ThrottleRow).values(new).on_conflict_do_nothing())
            statement = select(ThrottleRow).where(ThrottleRow.key.in_(keys)).order_by(ThrottleRow.key)
            fresh = statement.with_for_update().execution_options(populate_existing=True)
            for row in await self._work.session.scalars(fresh):
                self._count(row, self._counted[bytes(row.key)].rule, now)

    def _count(self, row: ThrottleRow, rule: ThrottleRule, now: datetime) -> None:
        earlier = row.failures if rule.counts(row.last_failure, now) else 0
        row.failures = min(earlier + 1, 30_000)
        row.last_failure = now
        row.blocked_until = rule.blocked_until(row.failures, now)

    async def succeeded(self) -> None:
        """Forget the failures of the held keys. An address keeps its own: one good login must not buy more guesses."""
        held = [key for key, counted in self._counted.items() if counted.held]
        for row in await self._rows(held):
            row.failures, row.blocked_until = 0, None


def _seconds(until: datetime | None, now: datetime) -> int:
    return ceil((until - now).total_seconds()) if until is not None and until > now else 0


def sign_in_tries(work: Work, username: str, address: str) -> Throttle:
    """The tries to sign in as `username` (whether or not there is such an account) from `address`."""
    return Throttle(
        work,
        [
            Counted("sign-in-account", username, PER_ACCOUNT),
            Counted("sign-in-address", address_bucket(address), PER_ADDRESS, held=False),
        ],
    )


def _quota(per: int, window: timedelta) -> ThrottleRule:
    return ThrottleRule(per, window, window, window)


def registrations(work: Work, address: str) -> Throttle:
    """The registrations from one address: each counts, also one whose name is taken."""
    rule = _quota(work.settings.registrations_per_hour, timedelta(hours=1))
    return Throttle(work, [Counted("registration", address_bucket(address), rule)])


def verifications(work: Work, subject: str, id_number: str) -> Throttle:
    """The real-name checks of one account, and of one identity number whoever tries it."""
    rule = _quota(work.settings.verifications_per_day, timedelta(days=1))
    return Throttle(
        work, [Counted("verification-account", subject, rule), Counted("verification-number", id_number, rule)]
    )


async def forget_old(work: Work) -> None:
    """Delete counters that count no longer."""
    old = WallClock().now() - timedelta(days=2)
    await work.session.execute(delete(ThrottleRow).where(ThrottleRow.last_failure < old))
