"""Refusals about conflicts and correction tickets."""

from citykit.problems import Conflict, Invalid, NotFound


class NoSuchTicket(NotFound):
    """There is no such ticket, or it is not the caller's to see or to decide."""

    slug = "no-such-ticket"
    title = ("没有该校核事项", "There is no such ticket")


class TicketDecided(Conflict):
    """The ticket is not open any more."""

    slug = "ticket-decided"
    title = ("该校核事项已办结", "The ticket is not open any more")


class DisputeOpen(Conflict):
    """The caller has an open dispute of this value already."""

    slug = "dispute-open"
    title = ("该项已有待处理的校核申请", "Your dispute of this value is still open")


class NoSource(Conflict):
    """Nobody is the source of this field."""

    slug = "no-source"
    title = ("该项尚未确定数源部门", "No source department is named for this field")


class UnknownField(Invalid):
    """The registry has no such field, or none that others see."""

    slug = "unknown-field"
    title = ("没有该数据项", "The registry has no such field")


class OwnTicket(Conflict):
    """Who raised a ticket does not decide it."""

    slug = "own-ticket"
    title = ("不能处理本人提出的校核", "Your own dispute is another's to decide")
