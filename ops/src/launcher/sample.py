"""Loads the sample city, service by service, each through its own acts."""

import signal
import time

from launcher import offspring
from launcher.city import City
from launcher.migrations import last_line
from launcher.plan import kernel_process
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
        if offspring.forks():
            offspring.preload()
        for service in ORDER:
            step.turn(service)
            _load_one(city, service, scale, step)
        step.note = ""


def _load_one(city: City, service: str, scale: float, step: Step) -> None:
    path = city.logs / f"{service}-sample.log"
    process = kernel_process(city, service, "sample", f"{service}-sample", {}, "--scale", str(scale))
    running = offspring.start(process, folder=city.run, log=path)
    try:
        while (code := running.poll()) is None:
            step.turn()
            time.sleep(0.1)
    except BaseException:
        running.send_signal(signal.SIGTERM)
        raise
    if code != 0:
        last = last_line(path)
        raise Refusal(
            f"{service} 的样例载入失败:{last}(见 {path})", f"The sample of {service} failed: {last} (see {path})"
        )
