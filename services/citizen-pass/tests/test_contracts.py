"""Committed contracts are what the code says, the schema what the models say; every route says who may call it."""

import asyncio
from pathlib import Path

from alembic import command

from citizen_pass.main import service
from citykit import contracts
from citykit.access import anyone
from citykit.migrate import config_for
from citykit.openapi import api_routes, dependencies, requirement_of


class TestContracts:
    def test_openapi_and_events_are_committed(self):
        assert contracts.differing(service) == []

    def test_every_route_says_who_may_call_it(self):
        for route in api_routes(service.bare_app()):
            open_door = anyone in list(dependencies(route))
            assert open_door or requirement_of(route) is not None, route.path

    def test_head_names_the_newest_revision(self):
        folder = Path(service.folder) / "migrations"
        newest = max(path.stem for path in (folder / "versions").glob("*.py"))
        assert (folder / "HEAD").read_text(encoding="utf-8").strip() == newest


class TestSchema:
    async def test_models_and_migrations_agree(self, city):
        await asyncio.to_thread(command.check, config_for(service, city.settings))
