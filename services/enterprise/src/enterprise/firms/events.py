"""What this slice hears from the registry, in its own view."""

from datetime import datetime

from citykit.events import EventView


class LegalEntityChanged(EventView, type="cn.hengshui.data-hub.legal-entity.changed.v1"):
    """The registry changed a legal entity: its name or state as they stand now, and which fields changed."""

    uscc: str
    name: str
    state: str
    changed_at: datetime
