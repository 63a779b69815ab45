"""What the README tells a guest to try: every address of it is one that the data hub answers."""

import re
from pathlib import Path

import pytest
from starlette.routing import Match

from citykit.testing import ServiceUnderTest

README = Path(__file__).resolve().parents[1] / "README.md"
LINES_AT_LEAST = 18


def named() -> list[str]:
    """The addresses of the commands, below `/api/data-hub`, without questions."""
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    told = re.findall(r"(?:\$D/|\bas [a-z-]+ \"?)([a-z][^\s\"?]*)", commands)
    return sorted({re.sub(r"\$\w+", "01890000-0000-7000-8000-000000000001", one) for one in told})


class TestReadme:
    def test_it_names_a_command_for_each_slice(self):
        assert len(named()) >= LINES_AT_LEAST

    @pytest.mark.parametrize("path", named())
    async def test_every_address_is_one_that_the_data_hub_answers(self, path: str, city: ServiceUnderTest):
        scope = {"type": "http", "path": f"/api/data-hub/{path}", "method": "GET", "root_path": "", "headers": []}
        matches = [route.matches(scope)[0] for route in city.app.routes]
        assert any(one is not Match.NONE for one in matches), path
