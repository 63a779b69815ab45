"""Who may call what: the matrix of callers and endpoints, derived from what each endpoint's signature requires.

`python -m tests.architecture.permissions` (from the repository's root) writes `permissions.csv` anew; its diff is what
a reviewer reads when a door was opened or shut.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from citykit.access import Requirement
from citykit.actors import Actor, ActorKind
from citykit.openapi import api_routes, dependencies
from citykit.problems import Forbidden
from citykit.service import Service, load

from .tree import ROOT, SERVICES, package_of

MATRIX = Path(__file__).with_name("permissions.csv")
# What every account carries (docs/scopes.md); staff scopes come on top while an appointment lasts.
BASE_SCOPES = (
    "citizen-pass.account.read",
    "citizen-pass.messages.read",
    "citizen-pass.privacy.read",
    "city-ops.cases.report",
    "data-hub.licences.hold",
    "enterprise.firms.bind",
    "enterprise.requests.submit",
    "gov-collab.hotline.submit",
)
CLIENTS = {
    "air-station-gateway": ("city-ops.environment.report",),
    "bench": (
        "city-ops.cases.read",
        "city-ops.cases.report",
        "data-hub.registries.read",
        "gov-collab.organisations.read",
    ),
}
# Who may ask for usage is told to each service by its deployment (`USAGE_READER`): the kernel knows no service by name.
USAGE_READER = "service:citizen-pass"


@dataclass(frozen=True)
class Caller:
    """A column of the matrix; `actor` is None for somebody without a token."""

    name: str
    actor: Actor | None


@dataclass(frozen=True)
class Endpoint:
    """A row of the matrix: an endpoint and all that it requires."""

    method: str
    path: str
    requirements: tuple[Requirement, ...]

    def admits(self, caller: Caller) -> bool:
        """Whether the endpoint's requirements let this caller in."""
        if caller.actor is None:
            return not self.requirements
        if self.path.endswith(("/v1/usage", "/v1/usage/readers")) and caller.name != USAGE_READER:
            return False
        try:
            for requirement in self.requirements:
                requirement.check(caller.actor)
        except Forbidden:
            return False
        return True


def callers() -> list[Caller]:
    """Nobody, the sample city's personas, its client programs, and the services themselves."""
    personas = json.loads((ROOT / "ops" / "sample" / "personas.json").read_text(encoding="utf-8"))["personas"]
    return [
        Caller("anonymous", None),
        *(Caller(who["key"], _person(who)) for who in personas),
        *(Caller(name, Actor(name, ActorKind.client, frozenset(scopes))) for name, scopes in CLIENTS.items()),
        *(Caller(f"service:{name}", Actor(name, ActorKind.service)) for name in SERVICES),
    ]


def _person(who: dict[str, str | list[str] | None]) -> Actor:
    return Actor(
        str(who["subject"]),
        ActorKind.person,
        frozenset([*BASE_SCOPES, *(who["scopes"] or ())]),
        department=None if who["department_code"] is None else str(who["department_code"]),
        assurance=2,
        person=str(who["person"]),
    )


def endpoints(service: Service) -> Iterator[Endpoint]:
    """The endpoints of a service, kernel's included."""
    for route in api_routes(service.bare_app()):
        required = tuple(call for call in dependencies(route) if isinstance(call, Requirement))
        for method in sorted(route.methods or ()):
            yield Endpoint(method, str(route.path), required)


def matrix() -> str:
    """The matrix as CSV, by path and method; the kernel's paths that all services share stand once."""
    rows: dict[tuple[str, str], list[str]] = {}
    everybody = callers()
    for name in SERVICES:
        for endpoint in endpoints(load(f"{package_of(name)}.main:service")):
            answers = ["yes" if endpoint.admits(caller) else "no" for caller in everybody]
            rows[endpoint.path, endpoint.method] = answers
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "path", *(caller.name for caller in everybody)])
    writer.writerows([method, path, *answers] for (path, method), answers in sorted(rows.items()))
    return text.getvalue()


if __name__ == "__main__":
    MATRIX.write_text(matrix(), encoding="utf-8")
