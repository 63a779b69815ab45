"""The account of the day: each step with what came of it, how long it took and where to look."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from launcher.city import City
from launcher.day.people import Person
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
