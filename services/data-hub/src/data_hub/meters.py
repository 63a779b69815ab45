"""What was read is counted 计量: calls and rows by resource, day of Hengshui and caller, whichever way rows go out.

One statement, the last of its transaction: the counter of a resource, day and caller is locked from there to the
commit and no longer. What everybody may read has one counter for all its readers; its commit does not wait for the
disk, so that they do not wait for one another. After a crash of the database some of its last second may be missing.
"""

from datetime import date

from citykit.clock import CHINA
from citykit.work import Work

PUBLIC = "public"  # the caller without key and department
_COUNT = """
insert into service_meter as m (resource, day, caller, department, source_department, calls, row_count)
select %(resource)s::varchar, %(day)s::date, %(caller)s::text, %(department)s::varchar, %(source)s::varchar,
  %(calls)s::bigint, %(rows)s::bigint
where (%(quota)s::bigint is null or %(rows)s::bigint <= %(quota)s::bigint)
  and (%(caller)s::text <> 'public' or set_config('synchronous_commit', 'off', true) = 'off')
on conflict (resource, day, caller) do update
set calls = m.calls + excluded.calls, row_count = m.row_count + excluded.row_count
where %(quota)s::bigint is null or m.row_count + excluded.row_count <= %(quota)s::bigint
returning row_count
"""


async def count(
    work: Work, resource: str, source: str, rows: int, *, calls: int = 1, caller: str = PUBLIC,
    department: str | None = None, quota: int | None = None,
) -> bool:  # fmt: skip
    """Count what a caller read of a resource whose `source` is a department; last of all that the transaction does.

    False, and nothing is counted, where a daily quota of rows would be passed; two calls at once cannot pass it.
    """
    values = {
        "resource": resource, "day": today(work), "caller": caller, "department": department, "source": source,
        "calls": calls, "rows": rows, "quota": quota,
    }  # fmt: skip
    return await (await (await work.driver()).execute(_COUNT, values, prepare=True)).fetchone() is not None


def today(work: Work) -> date:
    """The day of Hengshui that is counted on."""
    return work.clock.now().astimezone(CHINA).date()
