"""What people read of a ticket's states and of the acts on its trail, Chinese first."""

from gov_collab.hotline.domain import TicketState

STATES: dict[TicketState, str] = {
    TicketState.taken: "受理",
    TicketState.assigned: "派单",
    TicketState.accepted: "签收",
    TicketState.contested: "退单待裁",
    TicketState.answered: "办结",
    TicketState.closed: "归档",
    TicketState.refused: "不予受理",
}

TITLES: dict[str, str] = {
    "take": "受理 Taken",
    "classify": "分类 Classified",
    "refuse": "不予受理 Not for the hotline",
    "assign": "派单 Assigned",
    "recall": "撤回派单 Assignment recalled",
    "accept": "签收 Signed for",
    "send-back": "退单申请 Sent back",
    "uphold-return": "退单成立 Return upheld",
    "dismiss-return": "退单驳回 Return dismissed",
    "answer": "答复 Answered",
    "answer-at-once": "当场答复 Answered at once",
    "open-case": "转为城管案件 City-management case opened",
    "case-progress": "案件进展 Case progress",
    "answer-by-case": "案件办结 Case closed",
    "return-by-case": "案件退回 Case returned",
    "miss-call": "回访未接通 Call-back not reached",
    "call-back": "回访 Called back",
    "rate": "评价 Rated",
    "close": "归档 Closed",
    "reopen": "重新办理 Reopened",
    "urge": "催办 Urged",
    "note": "内部备注 Internal note",
    "read": "查看 Read",
}

# What the citizen need not see: the hotline's and the departments' own business.
INTERNAL = frozenset({"classify", "note", "send-back", "dismiss-return", "miss-call"})
