"""What identity tells the city; what it hears from gov-collab of appointments and from data-hub of micro-apps."""

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


class MicroAppPublished(EventView, type="cn.hengshui.data-hub.micro-app.published.v1"):
    """A version of a micro-app went live 上架: what its client may ask for from now on."""

    app_id: str
    client_id: str
    name_zh: str
    name_en: str
    owner: str
    redirect_uris: list[str]
    scopes: list[str]


class MicroAppStopped(EventView, type="cn.hengshui.data-hub.micro-app.stopped.v1"):
    """A micro-app was suspended or retired."""

    client_id: str
    reason: str
