"""Notices 通知: every department that received data of a resource is told what became of the data."""

import json
from datetime import datetime
from typing import Any

from citykit.ids import new_id
from citykit.work import Work
from data_hub.sharing.domain import NoticeKind

# Live grants and past ones alike: what was delivered is still there when the grant is not.
_RECIPIENTS = """
select distinct on (g.department) g.department, g.resource_name, g.source_department from sharing_grant g
where g.resource = %(resource)s and (
  exists (select from evidence e where e.stream = 'grant/' || g.id::text and e.outcome = 'served' and e.row_count > 0)
  or exists (select from sharing_grant_usage u where u.grant_id = g.id and u.row_count > 0))
order by g.department, g.granted_at desc
"""
_TELL = """
insert into sharing_notice (id, resource, resource_name, source_department, department, kind, subject, note_zh, note_en,
  data, told_at, acknowledge_by)
values (%(id)s, %(resource)s, %(name)s, %(source)s, %(department)s, %(kind)s, %(subject)s, %(zh)s, %(en)s,
  %(data)s::jsonb, %(at)s, %(by)s)
"""


class Recipients:
    """Those who received data of a resource."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def tell(
        self,
        resource: str,
        *,
        kind: NoticeKind,
        subject: str | None,
        note: tuple[str, str],
        acknowledge_by: datetime | None = None,
        data: dict[str, Any] | None = None,
    ) -> int:
        """Tell every department that ever received rows of `resource`; how many departments were told.

        `note` is what they read, Chinese and English, without personal data; `data` is what their programs read.
        With `acknowledge_by` a notice that is not acknowledged in time raises an alarm.
        """
        await self._work.transaction.flush()
        connection = await self._work.driver()
        found = await (await connection.execute(_RECIPIENTS, {"resource": resource})).fetchall()
        now = self._work.clock.now()
        for department, name, source in found:
            values = {
                "id": new_id(), "resource": resource, "name": name, "source": source, "department": department,
                "kind": NoticeKind(kind).value, "subject": subject, "zh": note[0], "en": note[1],
                "data": json.dumps(data or {}, ensure_ascii=False), "at": now, "by": acknowledge_by,
            }  # fmt: skip
            await connection.execute(_TELL, values)
        return len(found)
