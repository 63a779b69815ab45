"""Refusals of this slice."""

from citykit.problems import Conflict, Forbidden, Invalid


class ObservationsRefused(Invalid):
    """Some rows of a batch are wrong; `errors` points at each, and nothing of the batch was stored."""

    slug = "observations-refused"
    title = ("观测数据有误，整批未入库", "Some observations are wrong; nothing of the batch was stored")


class OrderStateProblem(Conflict):
    """The state of the order does not allow the act."""

    slug = "order-state"
    title = ("交办单状态不允许此操作", "The state of the order does not allow this act")


class OtherDepartment(Forbidden):
    """The matter lies with another department."""

    slug = "other-department"
    title = ("该事项不属于本部门", "The matter lies with another department")
