"""Jobs: work that happens after the commit, in the worker, each in a transaction of its own (procrastinate)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import procrastinate
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from citykit.ledger import Row
from citykit.settings import ServiceSettings

Run = Callable[..., Awaitable[None]]
LONGEST_PAUSE_SECONDS = 300


@dataclass(frozen=True)
class Task:
    """A kind of job: `async def run(work, **arguments)`. `every` is a cron line for one that comes by itself.

    Its `name` is stored with every waiting job, so it outlives the module it stands in. A job that fails is tried
    again, for ever, with a growing pause; who waits for its `lock` waits with it.
    """

    name: str
    run: Run
    every: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job that waits for the commit."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    lock: str | None = None
    at: datetime | None = None


class Patient(BaseRetryStrategy):
    """Never give up: a job that fails is tried again after 2, 4, 8 … at most 300 seconds.

    Giving up would let the next job of the same lock run, and order is a promise. What waits long shows in the metrics.
    """

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision:
        """The pause before the next try."""
        return RetryDecision(retry_in={"seconds": min(2 ** min(job.attempts + 1, 9), LONGEST_PAUSE_SECONDS)})


class Jobs:
    """Collects a transaction's jobs that are enqueued just before the commit."""

    def __init__(self, queue: str, known: frozenset[str]) -> None:
        self._queue = queue
        self._known = known
        self._waiting: list[Job] = []

    def defer(self, name: str, *, at: datetime | None = None, lock: str | None = None, **arguments: Any) -> None:
        """Run the task `name` after the commit, not before `at`; jobs of one `lock` run one after another.

        `arguments` are JSON. Raises KeyError for a task that the service does not have.
        """
        if name not in self._known:
            raise KeyError(name)
        self.add(Job(name, arguments, lock, at))

    def add(self, job: Job) -> None:
        """Keep `job` for the commit."""
        self._waiting.append(job)

    def take(self) -> list[Row]:
        """Hand over what was collected, as rows of the queue."""
        waiting, self._waiting = self._waiting, []
        return [
            {"queue": self._queue, "task": job.name, "lock": job.lock, "arguments": job.arguments, "at": job.at}
            for job in waiting
        ]


def open_queue(settings: ServiceSettings, *, size: int) -> procrastinate.App:
    """The job queue in this service's own schema; open it before a worker runs on it."""
    connector = procrastinate.PsycopgConnector(
        conninfo=settings.conninfo, min_size=1, max_size=size, kwargs={"options": "-c timezone=UTC"}
    )
    return procrastinate.App(connector=connector)
