"""What the population registry tells others: that a record changed, never what stands in it."""

from uuid import UUID

from citykit.events import Event
from citykit.wire import Instant


class PersonChanged(Event, type="cn.hengshui.data-hub.person.changed.v1"):
    """A person's record was made or changed. `fields` names what; who may know the values asks for them."""

    person: UUID
    fields: list[str]
    changed_at: Instant


class PersonMerged(Event, type="cn.hengshui.data-hub.person.merged.v1"):
    """A person had two records: `person` was merged into `survivor`, who is the one to ask for from now on."""

    person: UUID
    survivor: UUID
    merged_at: Instant


class PersonParted(Event, type="cn.hengshui.data-hub.person.parted.v1"):
    """The two records were not one person's: `person` stands by herself again, no part of `survivor`."""

    person: UUID
    survivor: UUID
    parted_at: Instant
