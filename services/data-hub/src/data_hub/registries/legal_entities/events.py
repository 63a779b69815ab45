"""What the legal-entity registry tells others."""

from citykit.events import Event
from citykit.wire import Instant


class LegalEntityChanged(Event, type="cn.hengshui.data-hub.legal-entity.changed.v1"):
    """An entity was registered or changed: which fields, and its name and state from now on."""

    uscc: str
    fields: list[str]
    state: str
    name: str
    changed_at: Instant
