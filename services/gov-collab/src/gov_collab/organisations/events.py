"""What others may know of appointments: citizen-pass puts the rights of a post into the holder's tokens."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class AppointmentMade(Event, type="cn.hengshui.gov-collab.appointment.made.v1"):
    """A person serves in a post from now on, with its scopes; told on the first day of service, not before.

    `valid_from` is the first instant of service, `valid_to` the first one without.
    """

    appointment_id: UUID
    subject: UUID
    department_code: str
    department_name: str
    post_code: str
    post_name: str
    scopes: list[str]
    valid_from: Instant
    valid_to: Instant | None


class AppointmentEnded(Event, type="cn.hengshui.gov-collab.appointment.ended.v1"):
    """A person serves in a post no longer."""

    appointment_id: UUID
    subject: UUID
    ended_at: Instant
