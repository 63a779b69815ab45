"""Refusals of credit."""

from citykit.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from data_hub.credit.domain import RepairFault

FAULTS: dict[RepairFault, tuple[str, str]] = {
    RepairFault.no_penalty: ("只有失信信息可以申请修复", "Only penalties are repaired"),
    RepairFault.too_early: ("最短公示期尚未届满", "The minimum period of publication still runs"),
    RepairFault.over: ("公示期已满,自动停止公示,无需修复", "Its publication has ended by itself: no repair is needed"),
    RepairFault.ended: ("该信息已更正或已修复", "The record is corrected or repaired already"),
}


class UnknownFirm(NotFound):
    """The legal-entity registry does not know the code."""

    slug = "unknown-firm"
    title = ("法人库中没有该统一社会信用代码", "The registry knows no such legal entity")


class NoPersonalScores(Invalid):
    """Credit is about legal entities; a person has no record and no score here."""

    slug = "no-personal-scores"
    title = (
        "信用记录只针对法人和非法人组织,不对个人评分",
        "Credit is about legal entities: there are no personal scores",
    )


class RecordFault(Invalid):
    """The record contradicts itself."""

    slug = "record-fault"
    title = ("信用信息内容不合规", "The record contradicts itself")


class RecordExists(Conflict):
    """The same document was recorded before."""

    slug = "record-exists"
    title = ("该文书已记录", "This document is on record already")


class NotRepairable(Conflict):
    """Nothing that can be repaired now."""

    slug = "not-repairable"
    title = ("当前不可申请信用修复", "No repair can be applied for now")

    @classmethod
    def because(cls, fault: RepairFault) -> "NotRepairable":
        """The refusal for a fault."""
        return cls(FAULTS[fault])


class NotWithdrawable(Conflict):
    """A penalty ends by its period, by repair or by correction; its department cannot just take it away."""

    slug = "not-withdrawable"
    title = (
        "失信信息不能撤销，请办理更正或信用修复",
        "A penalty is not withdrawn: it is corrected or repaired",
    )


class UnderWay(Conflict):
    """There is an application or a dispute about the record already."""

    slug = "under-way"
    title = ("已有办理中的修复申请或异议", "An application or a dispute is under way already")


class CreditStateProblem(Conflict):
    """The state does not allow this act."""

    slug = "credit-state"
    title = ("当前状态不允许此操作", "The state does not allow this act")


class NotTheirs(Forbidden):
    """The caller does not represent the firm."""

    slug = "not-their-firm"
    title = ("您不是该法人的法定代表人", "You do not represent this legal entity")


class ReportOver(Problem):
    """A record in the report ended, or the report is too old: nobody is handed it any more."""

    status = 410
    slug = "report-over"
    title = ("该信用报告已失效,请重新申请", "The report does not hold any more: ask for a new one")


class RuleFault(Invalid):
    """A rule that contradicts itself, or would change what was."""

    slug = "credit-rule-fault"
    title = ("规则内容不合规", "The rule contradicts itself, or begins in the past")


class RuleExists(Conflict):
    """There is a rule for that day, or a method of that version; rules are never changed."""

    slug = "credit-rule-exists"
    title = ("该生效日期或版本的规则已存在", "There is a rule of that day or version already")
