"""Refusals of the divisions."""

from citykit.problems import NotFound


class NoSuchDivision(NotFound):
    """The code names no division that this city knows."""

    slug = "no-such-division"
    title = ("没有这个行政区划", "There is no such division")


class OutsideTheCity(NotFound):
    """The point lies in none of the counties of Hengshui."""

    slug = "outside-the-city"
    title = ("该位置不在衡水市范围内", "The place is not within Hengshui")


class NoBoundary(NotFound):
    """The division is known, its boundary is not: only the city and its counties have one."""

    slug = "no-boundary"
    title = ("该行政区划没有边界数据", "There is no boundary of this division")
