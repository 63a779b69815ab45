"""A resource of another data hub, page by page through its data service, as NDJSON."""

import io
import json
from typing import IO, Any

from data_hub.adapters.feeds.http import Caller, caller
from data_hub.adapters.feeds.port import FeedBroken, Wanted, too_much

_LONGEST_PAGE = 16 * 1024 * 1024
_ROWS = "200"


class HubFeed:
    """The rows of `options["resource"]` of the data hub at an address."""

    async def fetch(self, wanted: Wanted, into: IO[bytes]) -> None:
        """Write all pages, one row a line. Raises FeedBroken."""
        path = f"/api/data-hub/v1/services/{wanted.options['resource']}/rows"
        written, after, passed = 0, None, set[str]()
        async with caller(wanted) as call:
            while True:
                rows, following = _page(await _asked(call, path, after))
                for row in rows:
                    written += into.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
                if written > wanted.most_bytes:
                    raise too_much(wanted.most_bytes)
                if following is None:
                    return
                if following in passed:
                    raise _garbage()
                passed.add(following)
                after = following


async def _asked(call: Caller, path: str, after: str | None) -> bytes:
    page = io.BytesIO()
    more = {} if after is None else {"after": after}
    await call.get(path, page, _LONGEST_PAGE, limit=_ROWS, **more)
    return page.getvalue()


def _page(content: bytes) -> tuple[list[dict[str, Any]], str | None]:
    try:
        page = json.loads(content, parse_float=str)
        rows, following = page["items"], page["next"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _garbage() from None
    right = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not right or not (following is None or isinstance(following, str)):
        raise _garbage()
    return rows, following


def _garbage() -> FeedBroken:
    return FeedBroken("garbage", "数据源返回的内容不是数据页", "What the source answered is no page of rows")
