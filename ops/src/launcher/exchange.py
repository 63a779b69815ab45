"""The moment in which a restored city takes the place of the present one: safe to interrupt and to run again."""

import shutil

from launcher.city import City, write_whole
from launcher.migrations import MARKS

NEW, OLD = "restore.new", "before-restore"
WHOLE, MOVING = "whole", "moving"
PARTS = ("postgres", "secrets", "profile", "clock")


def finish_restore(city: City) -> bool:
    """Let a restored city that is whole take its place; a half one is removed. True where one moved in.

    Every start calls this first, so that a loss of power in the middle of it is made good. Nothing may be running.
    """
    new, old = city.state / NEW, city.state / OLD
    if not (new / WHOLE).exists():
        shutil.rmtree(new, ignore_errors=True)
        return False
    if not (new / MOVING).exists():
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir(mode=0o700)
        write_whole(new / MOVING, "")
    for part in PARTS:
        arriving, present = new / part, city.state / part
        # Where the arriving part is gone and another one stands there, it has already moved in.
        if not arriving.exists():
            continue
        if present.exists() and not (old / part).exists():
            present.rename(old / part)
        if arriving.exists():
            arriving.rename(present)
    (city.state / MARKS).unlink(missing_ok=True)
    shutil.rmtree(new)
    return True
