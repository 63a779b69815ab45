"""A real browser for journeys: a tab without a window, driven over the debugging pipe of Chromium."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from launcher.day.people import wait_for

CHROMIUM = shutil.which("chromium")


class Tab:
    """A tab of a browser, spoken to over its debugging pipe: one JSON text after another, each ended by a NUL."""

    def __init__(self, answers: BinaryIO, orders: BinaryIO) -> None:
        self._answers, self._orders = answers, orders
        self._session: str | None = None
        self._number = 0
        self._rest = b""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        told = {"id": self._number, "method": method, "params": params}
        told |= {"sessionId": self._session} if self._session else {}
        self._orders.write(json.dumps(told).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                got = self._answers.read(65536)
                assert got, "the browser is gone"
                self._rest += got
            text, _, self._rest = self._rest.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def open(self, address: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of a script in the page."""
        found = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a condition holds in the page, whichever page that is by then."""
        wait_for(condition, lambda: self._holds(condition))

    def _holds(self, condition: str) -> bool:
        found = self._call("Runtime.evaluate", expression=condition, returnByValue=True)
        return found["result"].get("value") is True


@contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A browser without a window, with a profile of its own."""
    (to_browser, write), (read, from_browser) = os.pipe(), os.pipe()
    words = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={profile}", "--remote-debugging-pipe",
    ]  # fmt: skip
    # The browser reads orders from descriptor 3 and writes answers to 4.
    command = ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", *words]
    running = subprocess.Popen(command, pass_fds=(to_browser, from_browser), stderr=subprocess.DEVNULL)
    os.close(to_browser)
    os.close(from_browser)
    try:
        with os.fdopen(read, "rb", 0) as answers, os.fdopen(write, "wb", 0) as orders:
            yield Tab(answers, orders)
    finally:
        running.kill()
        running.wait(timeout=30)
