"""Readers without a key 免密钥访问: rows of opened resources are for everybody, and still nobody takes all of the hub.

Whoever reads rows with neither key nor a token that may query spends the allowance of the address that the gateway
saw; a key that is refused spends of it too. A partner with a key and a department are not counted here: their quotas
are in rows, of the key and of the grant.

Descriptions, plain pages of features and what a reader has already cost nothing; what costs a process much is counted
too: filters and long pages of features, tiles that are drawn, statistical data, catalogues that are made anew, long
pages of packages, many addresses at once.
"""

from starlette.requests import Request

from citykit.callers import Allowance, client_address
from citykit.problems import TooManyRequests

REFUSED_KEY = 10  # a key that is none any more: each that once was one leaves a record
WHOLE_FILE = 5  # a file of all rows weighs as much as this many pages
FILTERED = 2  # a filter that the caller wrote
SHORT_PAGE = 200  # things: a page of no more costs nothing by itself
_LONGEST = 10  # digits that are read of a limit


def count(request: Request, weight: int = 1) -> None:
    """Count a request of somebody without a key. Raises TooManyRequests, whose `Retry-After` is in whole seconds."""
    state, settings = request.app.state, request.app.state.city.settings
    if not hasattr(state, "keyless"):
        state.keyless = Allowance(settings.keyless_requests, settings.keyless_seconds)
    if seconds := state.keyless.spend(client_address(request, settings.trusted_proxies), weight):
        said = (f"请在{seconds}秒后重试,或申请密钥", f"Try again in {seconds} s, or ask for a key")
        raise TooManyRequests(said, headers={"Retry-After": str(seconds)})


def of_page(limit: str | int | None) -> int:
    """What a page of so many things weighs, whatever the caller wrote for their number."""
    told = str(limit or "")[:_LONGEST]
    return min(int(told) // SHORT_PAGE, WHOLE_FILE) if told.isascii() and told.isdigit() else 0


def spend(request: Request, weight: int) -> None:
    """Count what weighs something, of somebody without a key. Raises TooManyRequests."""
    if weight:
        count(request, weight)


async def whole_file(request: Request) -> None:
    """Count a file of all rows, before a handler makes it. Raises TooManyRequests."""
    count(request, WHOLE_FILE)
