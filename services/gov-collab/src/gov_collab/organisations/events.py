"""What others may know of appointments: citizen-pass puts the rights of a post into the holder's tokens."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant

from gov_collab.days import Day


class AppointmentMade(Event, type="cn.hengshui.gov-collab.appointment.made.v1"):
    """A person serves in a post from now on, with its scopes; told on the first day of service, not before."""

    appointment_id: UUID
    subject: UUID
    department_code: str
    department_name: str
    post_code: str
    post_name: str
    scopes: list[str]
    valid_from: Day
    valid_to: Day | None


class AppointmentEnded(Event, type="cn.hengshui.gov-collab.appointment.ended.v1"):
    """A person serves in a post no longer."""

    appointment_id: UUID
    subject: UUID
    ended_at: Instant
