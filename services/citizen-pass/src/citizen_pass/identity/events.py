"""What identity tells the city, and what it hears from gov-collab about appointments."""

from uuid import UUID

from citykit.events import Event, EventView
from citykit.wire import Instant


class AccountVerified(Event, type="cn.hengshui.citizen-pass.account.verified.v1"):
    """An account's real name was verified against the population registry."""

    subject: UUID
    person: UUID
    assurance: int
    verified_at: Instant


class AppointmentMade(EventView, type="cn.hengshui.gov-collab.appointment.made.v1"):
    """Somebody was appointed to a post 任职; the scopes of the post are hers while it lasts."""

    appointment_id: UUID
    subject: UUID
    department_code: str
    department_name: str
    post_code: str
    post_name: str
    scopes: list[str]
    valid_from: Instant
    valid_to: Instant | None = None


class AppointmentEnded(EventView, type="cn.hengshui.gov-collab.appointment.ended.v1"):
    """An appointment ended 免职."""

    appointment_id: UUID
    subject: UUID
    ended_at: Instant
