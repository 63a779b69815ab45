"""Where a request comes from, and how much one address may ask of a process in a while."""

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from math import ceil

from starlette.requests import Request


def client_address(request: Request, proxies: int) -> str:
    """The caller's address as the outermost of our own `proxies` saw it; what the caller wrote himself does not count.

    Each of our proxies appends to X-Forwarded-For whom it heard from, so only that many entries from the end are ours.
    """
    hops = [hop.strip() for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
    hops = [hop for hop in hops if hop]
    if proxies and len(hops) >= proxies:
        return hops[-proxies]
    return request.client.host if request.client else "unknown"


def address_bucket(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, which one household owns."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else f"{int(parsed) >> 64:x}::/64"
    return str(parsed)


class Allowance:
    """How many requests each address has left: `most` at once, given back evenly over `seconds` (a leaky bucket, GCRA).

    Kept in memory, by each process for itself: a count in the database would cost every reader a write, and readers
    behind one address a row lock, for a bound that only has to stop a program gone wild. With n processes an address
    has at most n times as much. The time is the process's own (monotonic): neither a clock that is put right nor play
    that moves the city's locks anybody out. Of more than `remembered` addresses those are forgotten that asked longest
    ago, so that a flood of addresses costs no memory.
    """

    def __init__(
        self, most: int, seconds: float, *, now: Callable[[], float] = time.monotonic, remembered: int = 20_000
    ) -> None:
        self._most, self._seconds, self._now, self._remembered = most, seconds, now, remembered
        self._whole: OrderedDict[str, float] = OrderedDict()  # when an address has all of its requests back

    def spend(self, address: str, weight: int = 1) -> int:
        """Take `weight` requests from an address's allowance, at most all of it; 0 where it had them.

        Otherwise nothing is taken, and the answer is in how many whole seconds it will have them.
        """
        return self.take(address_bucket(address), weight)

    def take(self, name: str, weight: int = 1) -> int:
        """The same for whoever is counted under a name that is no address."""
        now = self._now()
        cost = self._seconds * min(weight, self._most) / self._most
        whole = max(self._whole.get(name, now), now) + cost
        missing = whole - now - self._seconds
        if missing > 1e-6:  # sums of fractions are not exact
            return max(1, ceil(missing))
        self._whole[name] = whole
        self._whole.move_to_end(name)
        if len(self._whole) > self._remembered:
            self._whole.popitem(last=False)
        return 0
