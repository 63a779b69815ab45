"""Which addresses the hub may connect to: those that its settings name, asked of the address and not of the name.

A name is resolved once, every answer must lie in an allowed network, and the connection goes to that very address: a
name that means something else a moment later (DNS rebinding) leads nowhere.
"""

import asyncio
import socket
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from data_hub.adapters.feeds.port import FeedBroken

Network = IPv4Network | IPv6Network


def networks_of(listed: str) -> list[Network]:
    """The networks of a list in CIDR notation, parted by commas. Raises ValueError."""
    return [ip_network(one.strip()) for one in listed.split(",") if one.strip()]


async def allowed_address(host: str, port: int, networks: str) -> str:
    """The address to connect to for `host`. Raises FeedBroken: `unknown-host`, `address-not-allowed`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FeedBroken("unknown-host", "数据源主机名无法解析", "The name of the source's host is not known") from None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    open_to_us = networks_of(networks)
    if not addresses or not all(_within(address, open_to_us) for address in addresses):
        raise FeedBroken(
            "address-not-allowed", "不允许从该地址拉取数据（见 PULL_NETWORKS）",
            "Data is not pulled from this address (PULL_NETWORKS)",
        )  # fmt: skip
    return addresses[0]


def _within(text: str, networks: list[Network]) -> bool:
    address = ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
