"""Loads the sample city, service by service, each through its own acts."""

import subprocess
import sys

from launcher.city import City
from launcher.migrations import last_line
from launcher.plan import entry, service_environment
from launcher.refusals import Refusal
from launcher.terminal import Step

# Divisions and persons first, then who works where, then everybody who refers to them.
ORDER = ("data-hub", "gov-collab", "citizen-pass", "city-ops", "enterprise")


def load(city: City, scale: float) -> None:
    """Load every service's part; `scale` 1 is as many people as Hengshui has. Loading twice changes nothing.

    Raises Refusal outside a demo city, or with the last words of a service that failed.
    """
    if city.profile != "demo":
        raise Refusal("正式城市不载入样例", "The sample city is refused in a production city")
    with Step("样例城市 Sample city") as step:
        for service in ORDER:
            step.turn(service)
            _load_one(city, service, scale, step)
        step.note = ""


def _load_one(city: City, service: str, scale: float, step: Step) -> None:
    path = city.logs / f"{service}-sample.log"
    with path.open("ab") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "citykit.sample", entry(service), "--scale", str(scale)],
            env=service_environment(city, service),
            cwd=city.run,
            stdout=log,
            stderr=log,
        )
        while True:
            try:
                code = running.wait(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                step.turn()
            except BaseException:
                running.terminate()
                raise
    if code != 0:
        last = last_line(path)
        raise Refusal(
            f"{service} 的样例载入失败:{last}(见 {path})", f"The sample of {service} failed: {last} (see {path})"
        )
