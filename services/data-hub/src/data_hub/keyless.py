"""Readers without a key 免密钥访问: rows of opened resources are for everybody, and still nobody takes all of the hub.

Whoever reads rows with neither key nor a token that may query spends the allowance of the address that the gateway
saw; a key that is refused spends of it too. A partner with a key and a department are not counted here: their quotas
are in rows, of the key and of the grant.
"""

from starlette.requests import Request

from citykit.callers import Allowance, client_address
from citykit.problems import TooManyRequests

REFUSED_KEY = 10  # a key that is none any more: each that once was one leaves a record
WHOLE_FILE = 5  # a file of all rows weighs as much as this many pages


def count(request: Request, weight: int = 1) -> None:
    """Count a request of somebody without a key. Raises TooManyRequests, whose `Retry-After` is in whole seconds."""
    state, settings = request.app.state, request.app.state.city.settings
    if not hasattr(state, "keyless"):
        state.keyless = Allowance(settings.keyless_requests, settings.keyless_seconds)
    if seconds := state.keyless.spend(client_address(request, settings.trusted_proxies), weight):
        said = (f"请在{seconds}秒后重试,或申请密钥", f"Try again in {seconds} s, or ask for a key")
        raise TooManyRequests(said, headers={"Retry-After": str(seconds)})


async def whole_file(request: Request) -> None:
    """Count a file of all rows, before a handler makes it. Raises TooManyRequests."""
    count(request, WHOLE_FILE)
