"""Refusals of the followers' desk."""

from citykit.problems import Conflict, Forbidden, NotFound


class NoSuchSubscription(NotFound):
    """There is no such subscription, or it is another department's."""

    slug = "no-such-subscription"
    title = ("没有该变更订阅", "There is no such subscription")


class SubscriptionEnded(Conflict):
    """The subscription has ended; a new one begins with what comes now."""

    slug = "subscription-ended"
    title = ("该变更订阅已终止", "The subscription has ended")


class NoDepartment(Forbidden):
    """Only somebody who serves in a department may do this."""

    slug = "no-department"
    title = ("仅部门工作人员可办理", "Only somebody who serves in a department may do this")
