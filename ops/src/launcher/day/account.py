"""The account of the day: each step with what came of it, how long it took and where to look."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from launcher.city import City
from launcher.day.people import Caller, Person, Program, persona
from launcher.terminal import BOLD, DIM, GREEN, coloured, say


@dataclass(frozen=True)
class Reading:
    """A reading of the citizen's data that is going to happen: she must find exactly these."""

    system: str
    reader: str


@dataclass
class Day:
    """What the steps of the day hand on to one another."""

    city: City
    quiet: bool = False
    citizen: Person | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    _callers: dict[str, Caller] = field(default_factory=dict)

    def persona(self, key: str) -> Person:
        """A persona of the sample city, signed in once for the day."""
        found = self._callers.get(key) or self.remember(persona(self.city, key), key)
        assert isinstance(found, Person)
        return found

    def program(self, client_id: str, scope: str) -> Program:
        """A client program of the sample city."""
        found = self._callers.get(client_id) or self.remember(Program(self.city, client_id, scope), client_id)
        assert isinstance(found, Program)
        return found

    def anyone(self) -> Caller:
        """Somebody without a token."""
        return self._callers.get("anyone") or self.remember(Caller(self.city, "anyone"), "anyone")

    def remember(self, caller: Caller, key: str) -> Caller:
        """Keep a caller, so that the end of the day hangs up for it."""
        self._callers[key] = caller
        return caller

    def close(self) -> None:
        """The end of the day: all hang up."""
        for caller in self._callers.values():
            caller.close()

    def tell(self, text: str, look: str = "") -> None:
        """Add a line to the account, with the address to look at."""
        self.lines.append(f"{text} {look}".strip())
        if not self.quiet:
            say(f"     {text}" + (f"\n       {coloured(look, DIM)}" if look else ""))

    def url(self, path: str) -> str:
        """The address of `path` behind the gateway."""
        return f"{self.city.public_url}{path}"

    def was_read(self, system: str, reader: str) -> None:
        """Note that somebody reads the citizen's data in `system`."""
        self.readings.append(Reading(system, reader))

    @contextmanager
    def step(self, number: int, zh: str, en: str) -> Iterator[None]:
        """A step with its title before and its time after."""
        if not self.quiet:
            say(f"\n  {coloured(str(number), GREEN)}  {coloured(zh, BOLD)}  {en}")
        started = time.monotonic()
        yield
        if not self.quiet:
            say(coloured(f"     {time.monotonic() - started:.1f} s", DIM))
