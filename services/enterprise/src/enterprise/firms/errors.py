"""Why a firm cannot be bound or read: each reason has its own name, so that a page can say what to do next."""

from citykit.problems import Problem


class UnknownFirm(Problem):
    """The registry knows no legal entity of this code."""

    status = 404
    slug = "unknown-firm"
    title = ("法人库中没有该统一社会信用代码", "The legal-entity registry does not know this code")


class NotRepresentative(Problem):
    """The registry names somebody else as this firm's legal representative."""

    status = 403
    slug = "not-representative"
    title = ("您不是该企业的法定代表人", "You are not this firm's legal representative")


class NotVerified(Problem):
    """The account is real-name verified, but its token names no person of the population registry."""

    status = 403
    slug = "not-verified"
    title = ("请先完成实名认证", "Verify your real name first")


class FirmCeased(Problem):
    """The firm is struck off or dissolved; its file stays readable, it can no longer act."""

    status = 409
    slug = "firm-ceased"
    title = ("该企业已注销或吊销", "This firm has ceased")


class AlreadyBound(Problem):
    """Another living binding stands; it must be ended first."""

    status = 409
    slug = "already-bound"
    title = ("该企业已被绑定", "This firm is bound already")


class AlreadyDelegate(Problem):
    """This person may ask for the firm already."""

    status = 409
    slug = "already-delegate"
    title = ("该人员已是经办人", "This person is a delegate of the firm already")


class OwnDelegate(Problem):
    """The representative needs no delegation from herself."""

    status = 422
    slug = "own-delegate"
    title = ("不能委托本人", "You cannot delegate to yourself")
