"""Brings a service's schema up to date: `python -m citykit.migrate gov_collab.main:service`."""

import argparse
import asyncio

from alembic import command
from alembic.config import Config

from citykit.runtime import Runtime, running
from citykit.service import Service, load
from citykit.settings import ServiceSettings
from citykit.telemetry import configure_logs


def config_for(service: Service, settings: ServiceSettings) -> Config:
    """The alembic configuration of a service, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(service.migrations(settings)).replace("%", "%%"))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    config.attributes["database_url"] = settings.database_url
    config.attributes["metadata"] = service.metadata
    return config


def upgrade(service: Service, settings: ServiceSettings, revision: str = "head") -> None:
    """Migrate to `revision`, then load the reference data; both may run again without harm."""
    command.upgrade(config_for(service, settings), revision)
    if service.reference is not None:
        asyncio.run(_load_reference(service, settings))


async def _load_reference(service: Service, settings: ServiceSettings) -> None:
    assert service.reference is not None
    async with running(Runtime(service, settings)) as runtime, runtime.open_work() as work:
        await service.reference(work)


def main() -> None:
    """Migrate the service that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--revision", default="head")
    arguments = parser.parse_args()
    service = load(arguments.service)
    settings = service.read_settings()
    configure_logs(settings, f"{service.name}-migrate")
    upgrade(service, settings, arguments.revision)


if __name__ == "__main__":
    main()
