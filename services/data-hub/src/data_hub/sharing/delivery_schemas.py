"""What deliveries and notices say over the wire."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from pydantic import StringConstraints as Text

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, Query, ShortText, Wire
from data_hub.sharing.domain import DeliveryFormat, FileState, NoticeKind


class FileWish(Wire):
    """A wish for a batch file of all rows that a grant lets through."""

    format: DeliveryFormat = DeliveryFormat.csv


class BatchFile(Wire):
    """A batch file 批量文件: asked for, made or refused, and for how long it can be fetched."""

    id: UUID
    grant_id: UUID
    format: DeliveryFormat
    state: FileState
    asked_at: Instant
    made_at: Instant | None
    row_count: int | None
    size: int | None = Field(description="Bytes")
    sha256: str | None
    refusal: str | None = Field(description="Why it was refused: a code of the grant, or the name of a problem")
    kept_until: Instant | None


class ChangeSubscriptionDraft(Wire):
    """A subscription to the changes of a resource; `name` tells several readers of one grant apart."""

    name: ShortText


class ChangeSubscription(Wire):
    """A subscription 变更订阅, and how far its reader has confirmed."""

    id: UUID
    grant_id: UUID
    name: str
    made_at: Instant
    confirmed_at: Instant | None
    confirmed_until: Instant | None = Field(description="When the last confirmed row came")
    ended_at: Instant | None


class ChangesQuery(Query):
    """How many rows at most."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class ChangedRows(Wire):
    """Rows that came since the last confirmation, in the order of arrival; confirm `cursor` once they are kept.

    With `reset`, all rows that came before these are gone 全量替换: empty the copy first, then keep these. It comes
    with each reading until a cursor of such a reading is confirmed, and a subscription of replaced data begins with it.
    It comes as well, with all rows again, where the grant shows other columns or rows than what was confirmed 授权变更.
    """

    items: list[dict[str, Any]]
    cursor: str | None
    more: bool
    reset: bool = Field(
        default=False,
        description="All rows of the copy are to go first 须先清空本地副本: a load replaced them, or the grant changed",
    )
    reset_at: Instant | None = Field(default=None, description="When a load replaced them")
    reset_batch: UUID | None = Field(default=None, description="The batch of that load; null: the grant changed")


class Confirmation(Wire):
    """Up to where the reader has kept what she read."""

    cursor: Annotated[str, Text(min_length=1, max_length=1000)]


class RecipientNotice(Wire):
    """A notice 通知 to a department that received data of a resource."""

    id: UUID
    resource: str
    resource_name: str
    source_department: str
    department: str
    kind: NoticeKind
    subject: str | None
    note: str
    note_en: str
    data: dict[str, Any]
    told_at: Instant
    acknowledge_by: Instant | None
    acknowledged_at: Instant | None
    done: str | None = Field(description="What the recipient did about it")
    overdue: bool


class RecipientNoticeFilter(PageQuery):
    """Which notices: a caller sees those to her department and about its resources, the bureau and auditors all."""

    resource: Annotated[str | None, Field(max_length=20)] = None
    kind: NoticeKind | None = None
    open: bool | None = Field(default=None, description="Only those not acknowledged yet, or only the others")


class NoticeAcknowledgement(Wire):
    """What the recipient did about a notice."""

    done: LongText
