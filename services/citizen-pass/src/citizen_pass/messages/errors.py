"""Refusals of the message centre."""

from citykit.problems import NotFound


class NoSuchMessage(NotFound):
    """There is no such message in the caller's inbox."""

    slug = "no-such-message"
    title = ("未找到该消息", "No such message")
