"""Why a data service refuses."""

from citykit.problems import Conflict, FieldError, Invalid, NotFound, Problem, Unauthenticated
from data_hub.resources.schemas import Resource
from data_hub.services.domain import BadQuestion


class NoService(NotFound):
    """No published resource of this code has rows, or none that the caller may know of."""

    slug = "no-service"
    title = ("没有该数据服务", "There is no such data service")


class ReadElsewhere(NoService):
    """The code is that of a basic registry, which is read through its own routes and not as rows of a table."""

    slug = "registry-read-elsewhere"
    title = ("基础库由其专用接口读取", "A registry is read through its own interface")

    def __init__(self, path: str) -> None:
        super().__init__((f"请通过 {path} 读取该基础库", f"Read this registry at {path}"))


class KeyWanted(Unauthenticated):
    """The resource is not opened to everybody: a token or a key is needed."""

    slug = "key-wanted"
    title = ("该数据未向社会开放,请登录或使用密钥", "The data is not open: sign in, or use a key")

    def __init__(self, resource: Resource) -> None:
        name, provider, contact = resource.name, resource.provider_name, resource.contact or resource.provider_name
        chinese = (
            f"{name}（{resource.code}），{provider}提供。部门登录后提交共享申请，获得授权后查询；"
            f"企业等合作方请向已获授权的部门申请密钥。咨询：{contact}"
        )
        english = (
            f"{name} ({resource.code}), provided by {provider}. A department signs in and applies for a grant;"
            f" a partner asks a department that holds one for a key. Questions: {contact}"
        )
        super().__init__((chinese, english))


class KeyRefused(Unauthenticated):
    """The key is unknown, was revoked, or has run out; which of these is not told."""

    slug = "key-refused"
    title = ("密钥无效", "The key is not valid")


class QuestionRefused(Invalid):
    """The question cannot be asked; `errors` says where it is wrong."""

    slug = "bad-question"
    title = ("查询条件有误", "The question cannot be asked")

    @classmethod
    def because(cls, fault: BadQuestion) -> "QuestionRefused":
        """The refusal for a fault."""
        error = FieldError(pointer=fault.pointer, code=fault.code, message=fault.english)
        return cls((fault.chinese, fault.english), errors=[error])


class TooCostly(Problem):
    """The answer would take longer than a data service may work for one question."""

    status = 422
    slug = "too-costly"
    title = ("查询耗时过长,请缩小范围", "The question takes too long: ask for less")


class KeyQuotaUsed(Problem):
    """The rows that a key may read a day are used up; `Retry-After` says when the next day begins."""

    status = 429
    slug = "key-quota-used"
    title = ("密钥今日可读行数已用完", "The key's rows for today are used up")

    def __init__(self, seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(seconds)})


class NoKeyWithoutGrant(Conflict):
    """A key is made under a grant; an opened resource needs none."""

    slug = "no-grant-for-key"
    title = ("没有可用于该密钥的共享授权", "No grant that a key could be made under")


class KeyState(Conflict):
    """The key was revoked already."""

    slug = "key-state"
    title = ("密钥已吊销", "The key was revoked")


class BadDates(Invalid):
    """A key ends after it begins, and within the time of its grant."""

    slug = "bad-dates"
    title = ("有效期不正确", "The dates do not fit")


class ExportNotReady(Conflict):
    """The file is not made yet, was refused, or is gone."""

    slug = "export-not-ready"
    title = ("文件尚未生成或已失效", "The file is not there")


class ExportTooBig(Problem):
    """The question finds more rows than a file may hold."""

    status = 422
    slug = "export-too-big"
    title = ("数据量超过单个文件上限,请缩小范围", "More rows than a file may hold: ask for less")
