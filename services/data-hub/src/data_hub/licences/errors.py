"""Refusals of licences."""

from uuid import UUID

from citykit.problems import Conflict, Forbidden, Invalid, NotFound, Problem


class TypeExists(Conflict):
    """The code of the type is taken."""

    slug = "licence-type-exists"
    title = ("该证照类型代码已存在", "There is a licence type of this code")


class TypeFault(Invalid):
    """The type contradicts itself."""

    slug = "licence-type-fault"
    title = ("证照类型定义不合规", "The licence type contradicts itself")


class TypeRetired(Conflict):
    """Nothing is issued of a retired type."""

    slug = "licence-type-retired"
    title = ("该证照类型已停用", "The licence type is retired")


class IssuerExists(Conflict):
    """The department issues licences of the type already."""

    slug = "licence-issuer-exists"
    title = ("该部门已是此类证照的发证机关", "The department issues licences of this type already")


class UnknownType(NotFound):
    """There is no such type, or it is another department's."""

    slug = "unknown-licence-type"
    title = ("没有该证照类型，或其不属于本部门", "No such licence type, or not one of your department")


class ClaimFault(Invalid):
    """What the licence is to say does not fit its type."""

    slug = "licence-claims"
    title = ("证照内容不符合其类型", "What the licence is to say does not fit its type")


class HolderCeased(Conflict):
    """Nothing is certified to who died or was struck off (《行政许可法》 article 70)."""

    slug = "licence-holder-ceased"
    title = ("持证主体已死亡、注销或吊销", "The holder died or was struck off")


class OtherName(Conflict):
    """The registry knows who carries the number, by another name; the answer does not say which.

    Who it is, and of which type the licence was to be, is for her access log.
    """

    slug = "licence-holder-name"
    title = ("持证主体名称与登记信息不一致", "The name of the holder does not match the registry")

    def __init__(self, type_name: str, person: UUID | None) -> None:
        super().__init__()
        self.type_name = type_name
        self.person = person


class AlreadyHeld(Conflict):
    """The holder has a licence of the type in force, and may have one at a time."""

    slug = "licence-already-held"
    title = ("持证主体已持有该类型的有效证照", "The holder has a licence of this type in force")


class LicenceState(Conflict):
    """The status of the licence does not allow this act."""

    slug = "licence-state"
    title = ("证照状态不允许此操作", "The status of the licence does not allow this act")


class NotRenewable(Conflict):
    """The licence never ends, or it is not the time to renew it."""

    slug = "licence-not-renewable"
    title = ("不在换发期内或长期有效", "It is not the time to renew the licence, or it never ends")


class PaperNumberTaken(Conflict):
    """Another licence of the type and the issuer carries that number."""

    slug = "licence-paper-number-taken"
    title = ("该纸质证照编号已录入", "A licence with that number of a paper was entered before")


class UnknownDepartment(Invalid):
    """A leave goes to a public body that the registry of legal entities knows, by the name that it has there."""

    slug = "licence-unknown-department"
    title = ("没有该代码和名称的部门", "There is no department of this code and name")


class NotInForce(Conflict):
    """A licence that is not in force has no form and is not used."""

    slug = "licence-not-in-force"
    title = ("证照当前无效", "The licence is not in force")


class NotTheHolder(Forbidden):
    """The caller is neither the holder nor represents the firm that is."""

    slug = "not-the-holder"
    title = ("您不是该证照的持证主体", "You do not hold this licence")


class AuthorisationOver(Conflict):
    """The authorisation is used up, withdrawn or past its time."""

    slug = "authorisation-over"
    title = ("授权已用完、撤回或过期", "The authorisation is used up, withdrawn or past its time")


class AuthorisationTerm(Invalid):
    """An authorisation ends in the future, at most a year from now."""

    slug = "authorisation-term"
    title = ("授权期限应在未来一年以内", "An authorisation ends in the future, within a year")


class HolderKey(Invalid):
    """The key to bind a credential to is none."""

    slug = "holder-key"
    title = ("持证人公钥无效", "The holder's key is not a public P-256 key")


class BatchFault(Invalid):
    """The file of a batch cannot be read, or is not of the type's fields."""

    slug = "licence-batch-fault"
    title = ("批量文件无法读取或列不符", "The file cannot be read, or its columns are not the type's")


class TooManyRows(Problem):
    """A batch has at most 100,000 rows."""

    status = 413
    slug = "licence-batch-too-large"
    title = ("每批最多十万行", "A batch has at most 100,000 rows")
