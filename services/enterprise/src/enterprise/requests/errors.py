"""Why an act on a request is refused."""

from citykit.problems import Problem
from enterprise.requests.domain import Act, RequestState


class RequestStateProblem(Problem):
    """The state of the request does not allow this act."""

    status = 409
    slug = "request-state"
    title = ("诉求状态不允许此操作", "The state of the request does not allow this act")

    @classmethod
    def of(cls, state: RequestState, act: Act) -> "RequestStateProblem":
        """The problem with the state and the act named as members, so that a page can reload and explain."""
        return cls((f"当前状态为 {state}，不能执行 {act}", f"It is {state} and cannot {act}"), state=state, act=act)


class UnknownCategory(Problem):
    """There is no such kind of request."""

    status = 422
    slug = "unknown-category"
    title = ("未知的诉求类别", "Unknown category of request")


class UnknownDepartment(Problem):
    """gov-collab knows no such department."""

    status = 422
    slug = "unknown-department"
    title = ("未知的承办部门", "Unknown department")


class NotTheFirms(Problem):
    """The caller is neither the firm's bound representative nor a living delegate."""

    status = 403
    slug = "not-the-firms"
    title = ("您不能代表该企业提出诉求", "You cannot ask in this firm's name")


class WhereIsIt(Problem):
    """Neither the firm's file nor the caller says where the matter lies, so no department can be found."""

    status = 422
    slug = "division-missing"
    title = ("请填写所在区划", "Say in which division the matter lies")
