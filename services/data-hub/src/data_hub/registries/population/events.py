"""What the population registry tells others: that a record changed, never what stands in it."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class PersonChanged(Event, type="cn.hengshui.data-hub.person.changed.v1"):
    """A person's record was made or changed. `fields` names what; who may know the values asks for them."""

    person: UUID
    fields: list[str]
    changed_at: Instant
