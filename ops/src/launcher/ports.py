"""Which ports a city takes: all at fixed distances from the first, so that two cities can stand side by side."""

import errno
import socket
from dataclasses import dataclass

from launcher.provision import SERVICES
from launcher.refusals import Refusal

DEFAULT_FIRST = 8000
MESH, OPS, FIRST_SERVICE = 81, 82, 91


@dataclass(frozen=True)
class Ports:
    """The ports of one city: `web` for everybody, the others for the machine itself."""

    web: int
    mesh: int
    ops: int
    services: dict[str, int]

    @classmethod
    def of(cls, first: int) -> "Ports":
        """The ports of the city whose first port is `first`. Raises Refusal where they do not fit."""
        last = first + FIRST_SERVICE + len(SERVICES) - 1
        if first < 1 or last > 65535:
            raise Refusal(
                f"CITY_PORT 应在 1 至 {65535 - last + first} 之间",
                f"CITY_PORT must be between 1 and {65535 - last + first}, not {first}",
                code=2,
            )
        services = {name: first + FIRST_SERVICE + place for place, name in enumerate(SERVICES)}
        return cls(first, first + MESH, first + OPS, services)

    def named(self) -> dict[str, int]:
        """All ports by what they carry."""
        return {"web": self.web, "mesh": self.mesh, "ops": self.ops, **self.services}


def first_port(given: str | None) -> int:
    """The first port from the text of `CITY_PORT`. Raises Refusal where it is no number."""
    if not given:
        return DEFAULT_FIRST
    if not (given.isascii() and given.isdigit()):
        raise Refusal(f"CITY_PORT 不是端口号:{given}", f"CITY_PORT is not a port number: {given}", code=2)
    return int(given)


def refuse_taken(ports: Ports) -> None:
    """Raise Refusal naming the first port that another program holds or that this user may not open."""
    for carries, port in ports.named().items():
        with socket.socket() as probe:
            # As the servers do it: a port whose last connections are still closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno == errno.EACCES:
                    raise Refusal(
                        f"本用户无权使用端口 {port}({carries})",
                        f"This user may not open port {port} ({carries}): choose another first port with CITY_PORT",
                    ) from error
                raise Refusal(
                    f"端口 {port}({carries})已被其他程序占用,请用 CITY_PORT 另选首端口",
                    f"Port {port} ({carries}) is taken by another program: choose another first port with CITY_PORT",
                ) from error
