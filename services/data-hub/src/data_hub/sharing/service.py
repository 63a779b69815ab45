"""What sharing is to the other slices: the policy of a call, its record, and those who must be told.

A slice that serves rows does three things at a call: `grant = await Grants(work).policy(code, actor=actor)` first,
`await Grants(work).charge(grant, rows, actor=actor)` once it knows how many rows it serves, and
`await Evidence(work).record(resource=code, grant=grant, actor=actor, action="query", outcome="served", rows=rows,
columns=columns)` last. Refusals of `policy` and `charge` are on record already when they are raised.
"""

from data_hub.sharing.domain import Delivery, NoticeKind, Outcome, Why
from data_hub.sharing.errors import NotGranted, QuotaUsed
from data_hub.sharing.evidence import Evidence
from data_hub.sharing.grants import Grants
from data_hub.sharing.notices import Recipients
from data_hub.sharing.on_record import OnRecord, on_record, on_record_router
from data_hub.sharing.policy import Grant

__all__ = [
    "Delivery", "Evidence", "Grant", "Grants", "NotGranted", "NoticeKind", "OnRecord", "Outcome", "QuotaUsed",
    "Recipients", "Why", "on_record", "on_record_router",
]  # fmt: skip
