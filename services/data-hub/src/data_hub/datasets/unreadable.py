"""Rows that no reading brings out as they lie: for jobs, which would try for ever and hold up what waits."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

# Anything else that a database says is of the moment: it is down, too busy, or ended what took too long.
_OF_THE_DATA = (pg.DataError, pg.ProgrammingError, pg.NotSupportedError, pg.ProgramLimitExceeded)

log = structlog.get_logger("data_hub.datasets")


class Unreadable(Exception):
    """The rows cannot be read as they lie, today or tomorrow: the source department has to look at them."""

    slug = "rows-unreadable"


@contextmanager
def told_as_unreadable() -> Iterator[None]:
    """Tell what the database finds wrong with rows or their table from what it cannot do for the moment.

    Raises Unreadable; other errors pass. The log names the kind of the error, never its words, which quote values.
    """
    try:
        yield
    except (*_OF_THE_DATA, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, _OF_THE_DATA):
            raise
        log.error("rows_unreadable", kind=type(cause).__name__, sqlstate=cause.sqlstate)
        raise Unreadable from error
