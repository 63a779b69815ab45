"""What the city hears of micro-apps: citizen-pass makes, changes and stops the OAuth client behind each one."""

from citykit.events import Event
from citykit.wire import Instant


class MicroAppPublished(Event, type="cn.hengshui.data-hub.micro-app.published.v1"):
    """A version went live 上架: the client of the app is as said here from now on, also after a suspension."""

    app_id: str
    client_id: str
    name_zh: str
    name_en: str
    owner: str
    version_code: int
    redirect_uris: list[str]
    scopes: list[str]
    published_at: Instant


class MicroAppStopped(Event, type="cn.hengshui.data-hub.micro-app.stopped.v1"):
    """An app was suspended 暂停 or retired 下架: its client gets no token any more."""

    app_id: str
    client_id: str
    final: bool
    reason: str
    stopped_at: Instant
