"""What the macro-economy registry tells others."""

from citykit.events import Event
from citykit.wire import Instant


class IndicatorsReleased(Event, type="cn.hengshui.data-hub.indicator.released.v1"):
    """Observations of a flow were released or revised; no value travels with it."""

    flow: str
    release: str
    indicators: list[str]
    created: int
    revised: int
    revision_reason: str | None
    released_at: Instant
