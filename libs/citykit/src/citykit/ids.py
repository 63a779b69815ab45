"""Keys: UUID version 7 (RFC 9562), made here and not in the database so that SQL runs on PostgreSQL 15 too."""

import os
import time
import uuid

_last = 0


def new_id() -> uuid.UUID:
    """A new UUIDv7: unique without asking anybody, and rising with time, so that indexes stay compact.

    Within a process each is greater than the one before: twelve bits below the millisecond count on (RFC 9562 §6.2,
    method 3), the other 62 are random.
    """
    global _last  # noqa: PLW0603 - the clock of this process's ids
    now = time.time_ns() * 4096 // 1_000_000
    _last = now if now > _last else _last + 1
    drawn = int.from_bytes(os.urandom(8)) >> 2
    return uuid.UUID(int=(_last >> 12) << 80 | 0x7000 << 64 | (_last & 0xFFF) << 64 | 0b10 << 62 | drawn)
