"""What happens to sharing by itself: deadlines, files, notices of changes, evidence of opened data, seals, stamps."""

from uuid import UUID

from citykit.service import Task
from citykit.work import Work
from data_hub.sharing.deadlines import Deadlines
from data_hub.sharing.files import TASK as MAKE_FILE
from data_hub.sharing.files import Files
from data_hub.sharing.granting import Granting
from data_hub.sharing.opened import OpenedEvidence
from data_hub.sharing.sealing import Sealing
from data_hub.sharing.stamping import Stamping
from data_hub.sharing.subscriptions import Subscriptions

SEAL, STAMP = "data-hub.sharing.seal", "data-hub.sharing.stamp"
SIGN_OPENED = "data-hub.sharing.sign-opened"


async def watch_deadlines(work: Work) -> None:
    """Chase decisions and data that are late, note unanswered notices, suspend grants of what is shared no more."""
    deadlines = Deadlines(work)
    await deadlines.escalate()
    await deadlines.chase()
    await deadlines.alarm()
    await Granting(work).suspend_unshared()


async def make_file(work: Work, file: str) -> None:
    """Make a batch file."""
    await Files(work).make(UUID(file))


async def clear_files(work: Work) -> None:
    """Take away files that were kept long enough."""
    await Files(work).clear()


async def tell_changes(work: Work) -> None:
    """Tell subscribers that rows have come."""
    await Subscriptions(work).tell()


async def sign_opened(work: Work) -> None:
    """Sign what was noted of readers of opened data."""
    if await OpenedEvidence(work).round():
        work.jobs.defer(SIGN_OPENED, lock=f"periodic/{SIGN_OPENED}")


async def seal(work: Work) -> None:
    """Seal what was recorded in the last minute, and have it stamped right after."""
    done = await Sealing(work).round()
    # The locks are those of the rounds that come by the clock.
    if done.seals:
        work.jobs.defer(STAMP, lock=f"periodic/{STAMP}")
    if done.more:
        work.jobs.defer(SEAL, lock=f"periodic/{SEAL}")


async def stamp(work: Work) -> None:
    """Have seals stamped. An authority that is down fails nothing: the next minute tries again."""
    await Stamping(work).round()


TASKS = (
    Task("data-hub.sharing.deadlines", watch_deadlines, every="*/10 * * * *"),
    Task(MAKE_FILE, make_file),
    Task("data-hub.sharing.clear-files", clear_files, every="17 * * * *"),
    Task("data-hub.sharing.tell-changes", tell_changes, every="* * * * *"),
    Task(SIGN_OPENED, sign_opened, every="* * * * *"),
    Task(SEAL, seal, every="* * * * *"),
    Task(STAMP, stamp, every="* * * * *"),
)
