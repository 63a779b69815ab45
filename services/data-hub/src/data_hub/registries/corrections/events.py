"""What the city hears of correction tickets: that one was decided, never a value."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class CorrectionDecided(Event, type="cn.hengshui.data-hub.correction.decided.v1"):
    """A ticket that a person raised about her own record was decided 校核办结; `person` is her registry number.

    `verdict` is corrected or dismissed. Departments that raised tickets find their notices in the data hub itself.
    """

    ticket_id: UUID
    person: UUID
    field: str
    verdict: str
    decided_at: Instant
