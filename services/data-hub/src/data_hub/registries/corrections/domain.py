"""The states of tickets and which act leads where, without I/O."""

from enum import StrEnum

# Who looks at a ticket is no recipient of the value.
LOOKED = "查看校核事项 Read a correction ticket"


class ConflictState(StrEnum):
    """What became of a statement that contradicts the source."""

    open = "open"  # 待处理
    adopted = "adopted"  # 已采纳
    dismissed = "dismissed"  # 未采纳


class DisputeState(StrEnum):
    """Where a correction ticket stands."""

    open = "open"  # 待校核
    corrected = "corrected"  # 已更正
    dismissed = "dismissed"  # 维持原值
    withdrawn = "withdrawn"  # 已撤回


class Said(StrEnum):
    """What a department's statement did."""

    adopted = "adopted"  # it is the source: its word is the value
    confirmed = "confirmed"  # it says what the source says
    conflict = "conflict"  # it says something else


class Verdict(StrEnum):
    """How the source department decides a dispute."""

    corrected = "corrected"
    dismissed = "dismissed"


class Reason(StrEnum):
    """Why a department is told of a correction."""

    read = "read"  # it read the field
    follows = "follows"  # it follows the field
    asked = "asked"  # it raised the ticket, or stated the value
