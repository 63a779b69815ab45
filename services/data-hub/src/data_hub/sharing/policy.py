"""What a grant is to those who serve data under it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from citykit.actors import Actor
from data_hub.sharing.domain import Delivery


@dataclass(frozen=True)
class Grant:
    """The policy of one call: which columns and rows, for what, until when, how many today, and whether onward.

    `row_filter` is a conjunction in the grammar of the data services, `district=eq.131102&state=in.(a,b)`; None
    stands for every row. `rows_left` is what the daily quota leaves today, None where there is no quota.
    """

    id: UUID
    resource: str
    department: str
    columns: tuple[str, ...]
    row_filter: str | None
    purpose: str
    legal_basis: str
    valid_until: datetime
    daily_quota_rows: int | None
    onward: bool
    version: int
    source_department: str
    deliveries: tuple[Delivery, ...]
    rows_left: int | None
    department_name: str

    @property
    def said(self) -> str:
        """How a person whose data were read by it finds the grant again, and whoever answers her question."""
        return f"数据共享授权 Data-sharing grant {self.id}"

    def named(self, actor: Actor) -> Actor:
        """The actor with the department's name: keys and programs have no token that tells it."""
        return actor if actor.department_name else replace(actor, department_name=self.department_name)
