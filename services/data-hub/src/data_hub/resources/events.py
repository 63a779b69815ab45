"""What the directory tells others."""

from citykit.events import Event
from citykit.wire import Instant


class _OfResource(Event):
    """A resource as its events name it."""

    code: str
    name: str
    provider: str
    version: int
    share_type: str
    opening: str
    at: Instant


class ResourcePublished(_OfResource, type="cn.hengshui.data-hub.resource.published.v1"):
    """A resource was published for the first time, or again after it was withdrawn."""


class ResourceChanged(_OfResource, type="cn.hengshui.data-hub.resource.changed.v1"):
    """A new version of a published resource was published; `fields` differ from the version before."""

    fields: list[str]


class ResourceWithdrawn(_OfResource, type="cn.hengshui.data-hub.resource.withdrawn.v1"):
    """A resource was withdrawn; its versions stay readable inside government."""
