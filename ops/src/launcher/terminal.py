"""What the person at the terminal sees: one line per step, moving where the terminal can, plain where it is a file."""

import sys
import time
from types import TracebackType
from typing import Self

WHEEL = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
GREEN, RED, DIM, BOLD, PLAIN = "\033[32m", "\033[31m", "\033[2m", "\033[1m", "\033[0m"


def lively() -> bool:
    """Whether lines may move and have colours."""
    return sys.stdout.isatty()


def coloured(text: str, colour: str) -> str:
    """`text` in a colour, where the terminal has colours."""
    return f"{colour}{text}{PLAIN}" if lively() else text


def say(text: str = "") -> None:
    """One line."""
    print(text, flush=True)


class Step:
    """A step that takes time: `with Step("数据库 Database") as step: … step.turn()`."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.began = time.monotonic()
        self.turned = 0
        self.note = ""

    def __enter__(self) -> Self:
        """Show that it began."""
        self.turn()
        return self

    def turn(self, note: str = "") -> None:
        """Show that it goes on; call it several times a second."""
        self.note = note or self.note
        if lively():
            wheel = WHEEL[self.turned % len(WHEEL)]
            self.turned += 1
            sys.stdout.write(f"\r\033[2K  {wheel} {self.title} {DIM}{self.note}{PLAIN}")
            sys.stdout.flush()

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """Show how it ended and how long it took."""
        seconds = f"{time.monotonic() - self.began:.1f} s"
        mark = coloured("✔", GREEN) if kind is None else coloured("✘", RED)
        start = "\r\033[2K" if lively() else ""
        note = f"  {self.note}" if self.note and kind is None else ""
        say(f"{start}  {mark} {self.title}  {coloured(seconds, DIM)}{note}")
