"""Why sharing refuses."""

from typing import Any

from citykit.problems import Bilingual, Conflict, Forbidden, Invalid, NotFound, Unavailable
from data_hub.sharing.domain import Why

_WHY: dict[Why, Bilingual] = {
    Why.none: ("没有该数据资源的共享授权", "There is no grant for this resource"),
    Why.not_yet: ("共享授权尚未生效", "The grant is not in force yet"),
    Why.expired: ("共享授权已到期", "The grant has run out"),
    Why.suspended: ("共享授权已暂停", "The grant is suspended"),
    Why.revoked: ("共享授权已撤销", "The grant was revoked"),
    Why.quota: ("已达到授权的每日数据量", "The grant's rows for today are used up"),
    Why.purpose: ("有多项授权,请指明使用哪一项", "There are several grants: name the one that is used"),
    Why.delivery: ("授权不包括这种交付方式", "The grant does not include this way of delivery"),
    Why.unshared: ("该数据资源已改为不予共享", "The resource is not shared any more"),
}


class NotGranted(Forbidden):
    """No grant covers the call; the member `code` says why."""

    slug = "not-granted"
    title = ("未获共享授权", "Not granted")

    def __init__(self, why: Why, **members: Any) -> None:
        super().__init__(_WHY[why], code=why.value, **members)
        self.why = why


class QuotaUsed(NotGranted):
    """The call wants more rows than the grant leaves today: `rows_left` says how many; the next day begins anew.

    `Retry-After` says when that is. While rows are left, a call that asks for no more of them is served before.
    """

    status = 429
    slug = "grant-quota-used"
    title = ("超出每日数据量", "More than the day's rows")

    def __init__(self, seconds: int, left: int = 0, wanted: int | None = None) -> None:
        super().__init__(Why.quota, rows_left=left, **({} if wanted is None else {"rows_wanted": wanted}))
        if left:
            zh = f"授权今日还可读取{left}行，本次需要{wanted}行，请减少行数"
            self.detail = (zh, f"The grant leaves {left} rows for today and this call wants {wanted}: ask for fewer")
        self.headers = {"Retry-After": str(seconds)}


class ApplicationStateProblem(Conflict):
    """The state of the application does not allow this act."""

    slug = "application-state"
    title = ("申请状态不允许此操作", "The state of the application does not allow this act")


class AlreadyExtended(Conflict):
    """The time for a decision is extended once."""

    slug = "already-extended"
    title = ("答复期限只能延长一次", "The time for a decision is extended once")


class DecisionOverdue(Conflict):
    """The time for the decision is over: it cannot be extended any more."""

    slug = "decision-overdue"
    title = ("答复期限已过,不能再延长", "The time for the decision is over and cannot be extended")


class GrantStateProblem(Conflict):
    """The state of the grant does not allow this act."""

    slug = "grant-state"
    title = ("授权状态不允许此操作", "The state of the grant does not allow this act")


class NotShared(Conflict):
    """The resource is not shared at all, so nobody can apply for it."""

    slug = "not-shared"
    title = ("该数据资源不予共享", "The resource is not shared")


class ReadByPurpose(Conflict):
    """The resource is a basic registry: whoever has the scope reads it for a purpose, and no grant opens it."""

    slug = "registry-read-by-purpose"
    title = ("基础库按权限和使用目的读取，不需申请共享", "A registry is read by scope and purpose, not under a grant")

    def __init__(self, path: str) -> None:
        super().__init__((
            f"请凭相应权限和使用目的通过 {path} 直接读取；共享授权不能读取该基础库",
            f"Read it at {path} with its scope and a purpose; under a grant nothing of it can be read",
        ))  # fmt: skip


class OwnResource(Conflict):
    """A department needs no grant for its own data."""

    slug = "own-resource"
    title = ("本部门的数据资源无需申请", "A department needs no grant for its own resource")


class AppliedAlready(Conflict):
    """An application of this department for this resource and purpose is open, or its grant is live."""

    slug = "applied-already"
    title = ("本部门已有相同用途的申请或授权", "The department has applied for this purpose already")


class UnknownColumn(Invalid):
    """A named column is no information item of the resource."""

    slug = "unknown-column"
    title = ("数据项不存在", "The resource has no such information item")


class NothingToShare(Invalid):
    """No column is left."""

    slug = "nothing-to-share"
    title = ("没有可共享的数据项", "No column is left to share")


class BeyondApplication(Invalid):
    """A decision gives no more than was applied for."""

    slug = "beyond-application"
    title = ("超出申请范围", "More than was applied for")


class BadRowFilter(Invalid):
    """The row filter is not in the grammar, or names what is not there."""

    slug = "bad-row-filter"
    title = ("行过滤条件不正确", "The row filter is wrong")


class BadPeriod(Invalid):
    """The period begins or ends where it cannot."""

    slug = "grant-period"
    title = ("授权期限不正确", "The period is wrong")


class NoDepartment(Forbidden):
    """The caller serves in no department, and sharing is a matter of departments."""

    slug = "departments-only"
    title = ("仅限政务部门", "For departments only")


class NoPublishedResource(NotFound):
    """There is no published resource of this code."""

    slug = "no-published-resource"
    title = ("没有该已发布的数据资源", "There is no published resource of this code")


class TermMissing(Unavailable):
    """The table of legal time limits names none for this step: the data bureau has to set it."""

    slug = "sharing-term-missing"
    title = ("尚未设置办理时限", "No time limit is set for this step")


class TermPeriod(Invalid):
    """A time limit begins on a day to come, so that no clock that ran is judged by it, and not too far ahead."""

    slug = "sharing-term-period"
    title = ("办理时限须自今后五年内的某日起施行", "A time limit begins on a day within the next five years")


class TermInForce(Conflict):
    """A time limit that is or was in force stays on record: another one takes its place from a day on."""

    slug = "sharing-term-in-force"
    title = ("该办理时限已施行，不能撤回", "The time limit is in force already and cannot be withdrawn")


class FileNotReady(Conflict):
    """The file is not made yet, can no longer be fetched, or was made before the grant changed."""

    slug = "file-not-ready"
    title = ("文件尚未生成或已不可下载", "The file is not ready or no longer there")


class NoStream(NotFound):
    """There are no records of this stream."""

    slug = "no-such-stream"
    title = ("没有该存证流", "There is no such stream of records")


class ExportTooLong(Invalid):
    """An export holds a bounded number of records: a stream that is longer is exported piece by piece."""

    slug = "evidence-export-too-long"
    title = ("存证记录过多,请分段导出", "Too many records for one export")


class SubscriptionExists(Conflict):
    """A subscription of this name is there under this grant."""

    slug = "subscription-exists"
    title = ("该授权下已有同名订阅", "There is a subscription of this name under the grant")


class SubscriptionEnded(Conflict):
    """The subscription was ended."""

    slug = "change-subscription-ended"
    title = ("订阅已终止", "The subscription was ended")


class CursorNotRead(Conflict):
    """Only what was handed out can be confirmed, and never less than before."""

    slug = "cursor-not-read"
    title = ("只能确认已读取的变更", "Only changes that were read can be confirmed")


class AcknowledgedAlready(Conflict):
    """A notice is acknowledged once."""

    slug = "acknowledged-already"
    title = ("该通知已确认", "The notice was acknowledged already")


class NoRows(NotFound):
    """The rows of the resource are not kept here, or it is published or shared no more."""

    slug = "no-rows-to-deliver"
    title = ("该数据资源没有可交付的数据", "The resource has no rows to deliver")
