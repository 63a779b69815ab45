"""Tells departments that a layer which they use has a new version; never the values, which are read where they lie."""

from uuid import UUID

from sqlalchemy import select

from citykit.ids import new_id
from citykit.work import Work
from data_hub.registries.geography.domain import Access, Cause
from data_hub.registries.geography.models import DisputeRow, FollowerRow, LayerRow, NoticeRow
from data_hub.sharing.service import NoticeKind, Recipients

_NOTE = (
    "图层一项数据经校核更正,请重新获取并更正本部门留存的数据",
    "A feature of the layer was corrected: read it again and mend what you keep",
)


class Telling:
    """Tells followers and recipients within one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def followers(self, row: LayerRow, cause: Cause) -> None:
        """Tell who follows a layer that it was published anew or withdrawn. Of a correction, `corrected` tells."""
        if cause is not Cause.correction:
            for department in await self._following(row):
                self._tell(row, cause, department)

    async def corrected(self, row: LayerRow, dispute: DisputeRow) -> int:
        """Tell who follows a layer, who asked, and who was granted its rows, of a corrected value; how many were."""
        for department in (told := sorted({*await self._following(row), dispute.asked_department})):
            self._tell(row, Cause.correction, department, dispute)
        granted = 0
        if row.resource is not None:
            granted = await Recipients(self._work).tell(
                row.resource, kind=NoticeKind.correction, subject=dispute.fid, note=_NOTE,
                data={"layer": row.id, "field": dispute.field, "ticket": str(dispute.id)},
            )  # fmt: skip
        return len(told) + granted

    async def _following(self, row: LayerRow) -> list[str]:
        """Who follows the layer and may still see it."""
        if row.access == Access.department.value:
            return []
        found = select(FollowerRow.department).where(FollowerRow.layer == row.id).order_by(FollowerRow.department)
        return [one for one in await self._work.session.scalars(found) if one != row.department]

    def _tell(self, row: LayerRow, cause: Cause, department: str, about: DisputeRow | None = None) -> None:
        ticket: UUID | None = None if about is None else about.id
        self._work.session.add(
            NoticeRow(
                layer=row.id, id=new_id(), department=department, version=row.version, cause=cause.value,
                fid=None if about is None else about.fid, field=None if about is None else about.field,
                dispute=ticket, told_at=self._work.clock.now(), acknowledged_at=None, acknowledged_by=None,
            )
        )  # fmt: skip
