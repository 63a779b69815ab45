"""Refusals of the hotline."""

from citykit.problems import Conflict, Invalid, Unavailable
from gov_collab.hotline.domain import TicketState
from gov_collab.hotline.trail import STATES, TITLES


class TicketStateProblem(Conflict):
    """The state of the ticket does not allow this act."""

    slug = "ticket-state"
    title = ("工单状态不允许此操作", "The state of the ticket does not allow this act")

    @classmethod
    def refusing(cls, act: str, state: TicketState) -> "TicketStateProblem":
        """The refusal of `act` in `state`."""
        zh = f"工单状态为{STATES[state]}，不能进行此操作：{TITLES[act].partition(' ')[0]}"
        return cls((zh, f"A ticket that is {state.value} allows no {act}"))


class AnsweredByCase(Conflict):
    """The ticket is handled as a city-management case; its case answers it."""

    slug = "answered-by-case"
    title = ("该工单按城管案件办理，由案件结果答复", "The ticket is handled as a case, whose outcome answers it")


class ReturnTooLate(Conflict):
    """The time for sending the ticket back is over."""

    slug = "return-too-late"
    title = ("已超过退单时限", "The time for sending it back is over")


class ReturnDecided(Conflict):
    """The operators have decided before that the ticket stays with this department."""

    slug = "return-decided"
    title = ("退单申请已被驳回，不得再次退单", "It was decided that the ticket stays with this department")


class NotReopenable(Conflict):
    """A ticket is opened again once, by somebody who is not satisfied, within the term."""

    slug = "not-reopenable"
    title = ("不符合重新办理条件", "The ticket cannot be opened again")


class NotCalledBack(Conflict):
    """Nobody has tried to call back yet."""

    slug = "not-called-back"
    title = ("尚未回访，不能归档", "It cannot be closed before a call-back was tried")


class NotClassified(Invalid):
    """The ticket has no nature or no class of matters yet."""

    slug = "not-classified"
    title = ("工单尚未分类", "The ticket is not classified yet")


class LocationMissing(Invalid):
    """A city-management case needs a point on the map."""

    slug = "location-missing"
    title = ("城管案件需要事发位置", "A city-management case needs a location")


class NobodyNamed(Invalid):
    """The responsibility list names nobody; the operator has to name the department and say why."""

    slug = "nobody-named"
    title = ("权责清单未列明主办单位，请指定承办单位并说明理由", "The list names nobody; name one and say why")


class TermMissing(Unavailable):
    """The table of terms names none for a stage: an administrator has to set it."""

    slug = "term-missing"
    title = ("尚未设置办理时限", "No term is set for this stage")
