"""Failures counted in the database, per account and per address, so that every process and every restart knows them.

A try first takes the rows of its keys under a lock (in one order, so two never deadlock): tries on one account run one
after another, and parallel guessing gains nothing. Names and addresses are kept as keyed hashes only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from starlette.requests import Request

from citizen_pass.identity.domain import PER_ACCOUNT, PER_ADDRESS, ThrottleRule, address_bucket
from citizen_pass.identity.models import ThrottleRow
from citizen_pass.settings import Settings
from citykit.clock import WallClock
from citykit.work import Work


def client_address(request: Request, settings: Settings) -> str:
    """The caller's address as the outermost of our own proxies saw it; what the caller wrote himself does not count."""
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    if settings.trusted_proxies and len(hops) >= settings.trusted_proxies:
        return hops[-settings.trusted_proxies]
    return request.client.host if request.client else "unknown"


@dataclass(frozen=True)
class Counted:
    """One thing whose failures are counted, and by which rule."""

    kind: str
    value: str
    rule: ThrottleRule


class Throttle:
    """The tries of one act: `wait` says whether one is allowed now, then `failed` or `succeeded` is told."""

    def __init__(self, work: Work, counted: Sequence[Counted]) -> None:
        self._session = work.session
        self._rules = {work.vault.index(f"throttle/{c.kind}", c.value): c.rule for c in counted}
        self._rows: dict[bytes, ThrottleRow] = {}

    async def wait(self) -> int:
        """Seconds until the next try is welcome; 0 where it is now. Holds the counters until the commit."""
        now = WallClock().now()
        keys = sorted(self._rules)
        await self._session.execute(
            insert(ThrottleRow)
            .values([{"key": k, "failures": 0, "last_failure": now} for k in keys])
            .on_conflict_do_nothing()
        )
        statement = select(ThrottleRow).where(ThrottleRow.key.in_(keys)).order_by(ThrottleRow.key).with_for_update()
        self._rows = {bytes(row.key): row for row in await self._session.scalars(statement)}
        return max(0, *(_seconds(row.blocked_until, now) for row in self._rows.values()))

    def failed(self) -> None:
        """Count a failure for every key."""
        now = WallClock().now()
        for key, row in self._rows.items():
            rule = self._rules[key]
            earlier = row.failures if rule.counts(row.last_failure, now) else 0
            row.failures = min(earlier + 1, 30_000)
            row.last_failure = now
            row.blocked_until = rule.blocked_until(row.failures, now)

    def succeeded(self, kind: str, value: str, work: Work) -> None:
        """Forget the failures of one key. An address keeps its own: one good login must not buy a thousand guesses."""
        row = self._rows.get(work.vault.index(f"throttle/{kind}", value))
        if row is not None:
            row.failures, row.blocked_until = 0, None


def _seconds(until: datetime | None, now: datetime) -> int:
    return ceil((until - now).total_seconds()) if until is not None and until > now else 0


def sign_in_tries(work: Work, username: str, address: str) -> Throttle:
    """The tries to sign in as `username` (whether or not there is such an account) from `address`."""
    return Throttle(
        work,
        [
            Counted("sign-in-account", username, PER_ACCOUNT),
            Counted("sign-in-address", address_bucket(address), PER_ADDRESS),
        ],
    )


def _quota(per: int, window: timedelta) -> ThrottleRule:
    return ThrottleRule(per, window, window, window)


def registrations(work: Work, address: str) -> Throttle:
    """The registrations from one address: each counts, successful or not."""
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
