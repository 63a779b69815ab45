"""What the city hears of credit."""

from datetime import date
from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class CreditRecorded(Event, type="cn.hengshui.data-hub.credit.recorded.v1"):
    """A record was taken 信用信息归集. `representative` is who represents the firm, by her number in the registry.

    It is for whoever tells the firm; null where the registry knows nobody. `published_until` (excluded) is null where
    nothing says when the record ends.
    """

    uscc: str
    record_id: UUID
    kind: str
    severity: str | None
    published_until: date | None
    recorded_at: Instant
    representative: UUID | None


class CreditEnded(Event, type="cn.hengshui.data-hub.credit.ended.v1"):
    """A record was repaired, corrected or withdrawn 修复、更正、撤销: who holds it must delete it, use it no more."""

    uscc: str
    record_id: UUID
    why: str
    ended_at: Instant


class CreditAnswered(Event, type="cn.hengshui.data-hub.credit.answered.v1"):
    """A department answered an application for repair 信用修复 or a dispute 异议; `applicant` is who handed it in.

    `outcome` of a `repair`: supplement (something is missing), granted, refused; of a `dispute`: corrected, upheld; of
    either: closed (the record ended otherwise, and nothing was left to decide).
    """

    matter: str
    matter_id: UUID
    uscc: str
    applicant: UUID
    outcome: str
    answered_at: Instant
