"""Loads a service's part of the sample city: `python -m citykit.sample gov_collab.main:service --scale 0.001`."""

import argparse
import asyncio
import sys

from citykit.runtime import Runtime, running
from citykit.service import Service, load
from citykit.settings import ServiceSettings
from citykit.telemetry import configure_logs


async def fill(service: Service, settings: ServiceSettings, scale: float) -> None:
    """Load the sample in one transaction. Raises PermissionError in production: no pretended persons there."""
    if settings.is_production:
        raise PermissionError("the sample city is refused in the production profile")
    if service.sample is None:
        return
    async with running(Runtime(service, settings)) as runtime, runtime.open_work() as work:
        await service.sample(work, scale)


def main() -> int:
    """Load the sample of the service that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--scale", type=float, default=0.0)
    arguments = parser.parse_args()
    service = load(arguments.service)
    settings = service.read_settings()
    configure_logs(settings, f"{service.name}-sample")
    try:
        asyncio.run(fill(service, settings, arguments.scale))
    except PermissionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
