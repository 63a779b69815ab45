"""The worker of a service: `python -m citykit.worker gov_collab.main:service`. Events go out and jobs run here."""

import argparse
import asyncio
import contextlib
import logging

import structlog
import uvloop
from sqlalchemy import text

from citykit.runtime import Runtime, running
from citykit.service import Service, load
from citykit.telemetry import configure_logs, configure_traces

log = structlog.get_logger("citykit.worker")

HEARTBEAT_SECONDS = 5
STALLED_AFTER_SECONDS = 20
PURGE_EVERY_SECONDS = 3600


async def rescue(runtime: Runtime) -> None:
    """Give back, again and again, what a worker held that died: else its job and its lock would stay shut for ever."""
    while True:
        with contextlib.suppress(Exception):  # a database that is down comes back; the next round tries again
            manager = runtime.queue.job_manager
            stalled = await manager.get_stalled_jobs(
                queue=runtime.service.name, seconds_since_heartbeat=STALLED_AFTER_SECONDS
            )
            for job in stalled:
                log.warning("job_rescued", task=job.task_name, job=job.id)
                await manager.retry_job(job)
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def follow_the_clock(runtime: Runtime) -> None:
    """Where play moves the clock, make jobs due by that clock: the queue itself knows the database's time alone."""
    while runtime.settings.clock_file is not None:
        with contextlib.suppress(Exception):
            async with runtime.open_work() as work:
                await work.session.execute(
                    text(
                        "update procrastinate_jobs set scheduled_at = null"
                        " where status = 'todo' and scheduled_at > now() and scheduled_at <= :now"
                    ),
                    {"now": runtime.clock.now()},
                )
        await asyncio.sleep(1)


async def purge(runtime: Runtime) -> None:
    """Forget idempotency keys after a week."""
    while True:
        with contextlib.suppress(Exception):
            async with runtime.open_work() as work:
                connection = await work.session.connection()
                await connection.exec_driver_sql("delete from idempotency_key where at < now() - interval '7 days'")
        await asyncio.sleep(PURGE_EVERY_SECONDS)


async def work_on(service: Service) -> None:
    """Run the worker until a signal ends it; jobs under way get time to finish."""
    settings = service.read_settings()
    configure_logs(settings, f"{service.name}-worker")
    configure_traces(settings, f"{service.name}-worker")
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    runtime = Runtime(service, settings)
    async with running(runtime), runtime.queue.open_async():
        helpers = [asyncio.create_task(helper(runtime)) for helper in (rescue, purge, follow_the_clock)]
        try:
            await runtime.queue.run_worker_async(
                queues=[service.name],
                name=service.name,
                concurrency=settings.worker_concurrency,
                fetch_job_polling_interval=2.0,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_AFTER_SECONDS,
                shutdown_graceful_timeout=15,
            )
        finally:
            for helper in helpers:
                helper.cancel()


def main() -> None:
    """Run the worker of the service that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    service = load(parser.parse_args().service)
    uvloop.run(work_on(service))


if __name__ == "__main__":
    main()
