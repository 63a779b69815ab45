"""What identity does by itself: rotate old signing keys, and forget what has expired."""

from datetime import timedelta

from sqlalchemy import delete

from citizen_pass.identity.keys import SigningKeys
from citizen_pass.identity.models import AssertionRow, AuthorizationRow, ChallengeRow, RevokedTokenRow
from citizen_pass.identity.throttle import forget_old
from citykit.clock import WallClock
from citykit.service import Task
from citykit.work import Work

_GRACE = timedelta(hours=1)


async def rotate_old_keys(work: Work) -> None:
    """Rotate the signing keys once the current one is as old as the settings allow."""
    keys = SigningKeys(work)
    if await keys.is_old():
        await keys.rotate(by="service:citizen-pass")


async def forget(work: Work) -> None:
    """Delete requests, challenges, assertion numbers and revocations that have expired, and old counters.

    Codes and refresh tokens stay with their families: a stolen one must be recognised whenever it turns up.
    """
    before = WallClock().now() - _GRACE
    for table in (AuthorizationRow, ChallengeRow, AssertionRow, RevokedTokenRow):
        await work.session.execute(delete(table).where(table.expires_at < before))
    await forget_old(work)


TASKS = (
    Task("citizen-pass.identity.rotate-keys", rotate_old_keys, every="17 3 * * *"),
    Task("citizen-pass.identity.forget", forget, every="41 * * * *"),
)
