"""Passwords: argon2id (RFC 9106) off the event loop, and the same work whether or not an account exists."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from citizen_pass.settings import Settings


class Passwords:
    """Hashes and checks passwords in a few threads of their own, so that a wave of logins cannot eat the memory."""

    def __init__(self, *, memory_kib: int, time_cost: int, workers: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        # Checked where there is no account or no password, so that its absence costs the same work.
        self._decoy = self._hasher.hash("no account has this password")

    async def hash(self, password: str) -> str:
        """The PHC string of `password` with a new salt."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one behind `stored`; None is checked against a decoy and never matches."""
        loop = asyncio.get_running_loop()
        matches = await loop.run_in_executor(self._threads, self._check, stored or self._decoy, password)
        return matches and stored is not None

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's, so that it should be made anew."""
        return self._hasher.check_needs_rehash(stored)


@lru_cache(maxsize=4)
def _passwords(memory_kib: int, time_cost: int, workers: int) -> Passwords:
    return Passwords(memory_kib=memory_kib, time_cost=time_cost, workers=workers)


def passwords(settings: Settings) -> Passwords:
    """The one hasher of this process for these settings."""
    return _passwords(settings.argon2_memory_kib, settings.argon2_time_cost, settings.password_workers)
