"""What the city hears of licences: no name, no number, nothing of what they say."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from citykit.events import Event
from citykit.wire import Instant


class LicenceIssued(Event, type="cn.hengshui.data-hub.licence.issued.v1"):
    """A licence was issued, renewed or amended 签发、换发、变更.

    `person` is the holder's registry number where she is a person.
    """

    licence_id: UUID
    identifier: str
    type_code: str
    issuer: str
    person: UUID | None
    valid_from: date
    valid_to: date | None
    issued_at: Instant


class HandedOut(BaseModel):
    """A licence that a person of the registry holds from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence_id: UUID
    identifier: str
    person: UUID
    valid_from: date
    valid_to: date | None


class LicencesHandedOut(Event, type="cn.hengshui.data-hub.licence.handed-out.v1"):
    """Persons hold licences that were issued, renewed or amended: for whoever tells them. At most 200 in one event.

    A hundred thousand licences at once are five hundred events, behind which no other news waits long.
    """

    licences: list[HandedOut]
    handed_out_at: Instant


class LicenceStatusChanged(Event, type="cn.hengshui.data-hub.licence.status-changed.v1"):
    """The status of a licence changed 状态变更: suspended, valid again, revoked, or superseded by its next version.

    `person` holds it; or `representative` represents the firm that does. Both by their numbers in the registry.
    """

    licence_id: UUID
    identifier: str
    type_code: str
    person: UUID | None
    status: str
    changed_at: Instant
    representative: UUID | None
