"""What the city asks of a time-stamp authority 时间戳服务机构 (RFC 3161)."""

from typing import Protocol


class AuthorityDown(Exception):
    """The authority gave no answer: try again later. The message says why, in a line that an operator reads."""


class TimeAuthority(Protocol):
    """Answers requests for time stamps. What it answers is verified by whoever asked."""

    name: str

    async def answer(self, request: bytes) -> bytes:
        """The TimeStampResp (DER) to a TimeStampReq (DER). Raises AuthorityDown."""
        ...
