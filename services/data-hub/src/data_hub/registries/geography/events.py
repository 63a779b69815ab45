"""What the registry of geography tells others."""

from citykit.events import Event
from citykit.wire import Instant


class LayerPublished(Event, type="cn.hengshui.data-hub.layer.published.v1"):
    """A layer has a new version: published, corrected or withdrawn, and how many features that touched."""

    layer: str
    version: int
    cause: str
    department: str
    access: str
    added: int
    changed: int
    removed: int
    published_at: Instant
