"""Refusals of this slice."""

from citykit.problems import Invalid


class UnknownMatter(Invalid):
    """No class of matters of that code is in use."""

    slug = "unknown-matter"
    title = ("没有该事项分类", "There is no such class of matters")
