"""Keys: UUID version 7 (RFC 9562), made here and not in the database so that SQL runs on PostgreSQL 15 too."""

import uuid

from uuid6 import uuid7


def new_id() -> uuid.UUID:
    """A new UUIDv7: unique without asking anybody, and rising with time, so that indexes stay compact."""
    return uuid.UUID(int=uuid7().int)
