"""Every route of every service says who may call it, and its handler stays a doorway."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from citykit.access import Requirement, anyone
from citykit.openapi import api_routes, dependencies, requirement_of
from citykit.service import Service, load

from .permissions import callers
from .tree import ROOT, SERVICES, package_of

MOST_STATEMENTS = 10
# A page shows a form again with what was wrong in it, and OAuth answers its errors in a form of its own: neither can
# leave the refusal to a raised problem, so their doorways are wider.
MOST_OF_A_PAGE = 24
PAGES = ("pages_router", "account_pages", "oidc_router")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Service:
    """Each service in turn."""
    return load(f"{package_of(request.param)}.main:service")


def statements(endpoint: Any) -> int:
    """How many statements an endpoint has, nested ones included, its docstring not."""
    function = ast.parse(textwrap.dedent(inspect.getsource(endpoint))).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return sum(isinstance(node, ast.stmt) for part in body for node in ast.walk(part))


def scopes_of(service: Service) -> Iterator[str]:
    """Every scope that a route of the service asks for."""
    for route in api_routes(service.bare_app()):
        if (requirement := requirement_of(route)) is not None:
            yield from (*requirement.scopes, *requirement.any_of)


class TestWhoMayCall:
    def test_every_route_states_it(self, service: Service) -> None:
        silent = []
        for route in api_routes(service.bare_app()):
            calls = list(dependencies(route))
            if not any(isinstance(call, Requirement) or call is anyone for call in calls):
                silent.append(f"{sorted(route.methods or ())} {route.path}")
        assert silent == []

    def test_internal_paths_are_for_services_alone(self, service: Service) -> None:
        wrong = []
        for route in api_routes(service.bare_app()):
            requirement = requirement_of(route)
            for_services = requirement is not None and {kind.value for kind in requirement.kinds} == {"service"}
            if (route.path or "").startswith("/internal/") != for_services:
                wrong.append(route.path)
        assert wrong == []

    def test_scopes_are_named_as_the_house_names_them(self, service: Service) -> None:
        parts = [scope.split(".") for scope in scopes_of(service)]
        assert all(len(one) == 3 and one[0] in SERVICES for one in parts), parts


class TestScopes:
    LISTED = frozenset(re.findall(r"^\| `([a-z.-]+)`", (ROOT / "docs" / "scopes.md").read_text(encoding="utf-8"), re.M))

    def test_the_list_says_what_the_endpoints_ask_for(self) -> None:
        used = {scope for name in SERVICES for scope in scopes_of(load(f"{package_of(name)}.main:service"))}
        assert used == self.LISTED

    def test_the_sample_city_gives_no_scope_that_opens_nothing(self) -> None:
        given = {scope for caller in callers() if caller.actor for scope in caller.actor.scopes}
        assert given <= self.LISTED


class TestHandlers:
    def test_they_are_doorways(self, service: Service) -> None:
        long = []
        for route in api_routes(service.bare_app()):
            if not route.endpoint.__module__.startswith(service.package):
                continue
            most = MOST_OF_A_PAGE if route.endpoint.__module__.endswith(PAGES) else MOST_STATEMENTS
            if (count := statements(route.endpoint)) > most:
                long.append(f"{route.endpoint.__qualname__}: {count}")
        assert long == []

    def test_they_are_asynchronous(self, service: Service) -> None:
        """A synchronous endpoint or dependency costs a thread for every request."""
        slow = []
        for route in api_routes(service.bare_app()):
            for call in (route.endpoint, *dependencies(route)):
                run = call if inspect.isroutine(call) else type(call).__call__
                if not (inspect.iscoroutinefunction(run) or inspect.isasyncgenfunction(run)):
                    slow.append(f"{route.path}: {call}")
        assert slow == []

    def test_they_say_what_they_do(self, service: Service) -> None:
        silent = [r.path for r in api_routes(service.bare_app()) if not inspect.getdoc(r.endpoint)]
        assert silent == []

    def test_paths_are_the_services_own(self, service: Service) -> None:
        own = (f"/api/{service.name}/", f"/internal/{service.name}/")
        kernel = ("/healthz", "/readyz", "/metrics")
        paths = [route.path or "" for route in api_routes(service.bare_app())]
        assert [path for path in paths if not path.startswith(own + kernel) and path not in {"/", "/favicon.ico"}] == []
