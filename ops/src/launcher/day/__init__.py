"""A day in Hengshui (衡水的一天): real matters go through five services of a running demo city.

`./city demo` plays it and prints the account; `tests/journeys` plays the same steps one by one and looks closer.
"""

from launcher.city import City
from launcher.day import air, apps, firm, identity, matter, privacy
from launcher.day.account import Day
from launcher.terminal import BOLD, GREEN, coloured, say

__all__ = ["Day", "air", "apps", "firm", "identity", "main", "matter", "privacy"]


def main(city: City, arguments: list[str]) -> int:
    """Play the day in a running demo city, print the account, leave the city running."""
    day = Day(city)
    say(f"\n  {coloured('衡水的一天', BOLD)}  A day in Hengshui")
    try:
        _play(day)
    finally:
        day.close()
    say(f"\n  {coloured('一日完成 The day is done', GREEN)}  {city.public_url}/")
    say("  城市仍在运行 The city goes on; ./city down stops it\n")
    return 0


def _play(day: Day) -> None:
    identity.register(day)
    matter.send(day)
    matter.assign_while_city_ops_is_down(day)
    matter.handle(day)
    matter.rate(day)
    air.breathe(day)
    firm.ask(day)
    privacy.look(day)
    matter.nothing_twice(day)
    apps.publish(day)
