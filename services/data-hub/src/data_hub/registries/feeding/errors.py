"""Refusals about feeds."""

from citykit.problems import Conflict, Invalid, NotFound


class NoSuchFeed(NotFound):
    """There is no such feed, or it is another department's."""

    slug = "no-such-feed"
    title = ("没有该供数关系", "There is no such feed")


class FeedExists(Conflict):
    """The resource feeds this registry already: end that feed first."""

    slug = "feed-exists"
    title = ("该资源已向此基础库供数", "The resource feeds this registry already")


class FeedEnded(Conflict):
    """The feed has ended."""

    slug = "feed-ended"
    title = ("该供数关系已终止", "The feed has ended")


class BadFeed(Invalid):
    """The items do not fit the fields of the registry; `errors` names each."""

    slug = "bad-feed"
    title = ("供数关系不合规", "The feed does not fit the resource or the registry")
