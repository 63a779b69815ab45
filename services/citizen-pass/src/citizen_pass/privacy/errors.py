"""Refusals of privacy."""

from citykit.problems import Conflict, Invalid, NotFound


class NoSuchUsage(NotFound):
    """The service knows no such read of the caller's data."""

    slug = "no-such-usage"
    title = ("未找到该访问记录", "No such access")


class TooManyUsages(Invalid):
    """More reads than one file holds; a shorter period has fewer."""

    slug = "too-many-usages"
    title = ("记录过多，请选择较短的时间范围", "Too many records, please choose a shorter period")


class NoSuchService(NotFound):
    """There is no such service in the city."""

    slug = "no-such-service"
    title = ("未知的服务", "No such service")


class AlreadyQuestioned(Conflict):
    """The person questioned this access before."""

    slug = "already-questioned"
    title = ("您已质疑过这次访问", "You questioned this access already")


class NoSuchQuestion(NotFound):
    """There is no such question."""

    slug = "no-such-question"
    title = ("未找到该质疑", "No such question")


class AlreadyAnswered(Conflict):
    """The question was answered; an answer is not changed."""

    slug = "already-answered"
    title = ("该质疑已答复", "The question was answered already")
