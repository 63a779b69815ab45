"""A table or view of a PostgreSQL elsewhere, read in one read-only snapshot as CSV. No SQL of anybody's is run."""

from typing import IO, Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from data_hub.adapters.feeds.addresses import allowed_address
from data_hub.adapters.feeds.port import FeedBroken, Wanted, too_much

_CONNECT_SECONDS = 5
_SNAPSHOT = "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
_OPTIONS = f"{_SNAPSHOT} -c timezone=UTC -c datestyle=ISO -c client_encoding=UTF8"


class PostgresFeed:
    """The columns of `options["table"]` that are information items of the resource."""

    async def fetch(self, wanted: Wanted, into: IO[bytes]) -> str | None:
        """Write the rows as CSV with headings. Raises FeedBroken."""
        parts = urlsplit(wanted.address)
        host, port = parts.hostname or "", parts.port or 5432
        address = await allowed_address(host, port, wanted.networks)
        try:
            async with await psycopg.AsyncConnection.connect(
                host=host, hostaddr=address, port=port, dbname=unquote(parts.path.lstrip("/")),
                user=wanted.options.get("username"), password=wanted.secret, connect_timeout=_CONNECT_SECONDS,
                options=f"{_OPTIONS} -c statement_timeout={int(wanted.seconds * 1000)}", application_name="data-hub",
            ) as connection:  # fmt: skip
                return await _copy(connection, wanted, into)
        except psycopg.Error as error:
            said = error.sqlstate or type(error).__name__
            raise FeedBroken("database", f"数据库拒绝读取（{said}）", f"The database refuses ({said})") from None


async def _copy(connection: psycopg.AsyncConnection[Any], wanted: Wanted, into: IO[bytes]) -> str | None:
    table = sql.Identifier(*str(wanted.options["table"]).split("."))
    looked = await connection.execute(sql.SQL("select * from {} limit 0").format(table))
    names = {word for pair in wanted.known for word in pair}
    columns = [one.name for one in looked.description or [] if one.name in names]
    if not columns:
        raise FeedBroken("no-columns", "源表没有目录中的任何数据项", "The table has none of the information items")
    newest, newer = await _newer(connection, wanted, table)
    if newest is not None and newest == wanted.since:
        return newest
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("copy (select {} from {} {}) to stdout (format csv, header)").format(listed, table, newer)
    taken = 0
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        async for chunk in copy:
            taken += into.write(chunk)
            if taken > wanted.most_bytes:
                raise too_much(wanted.most_bytes)
    return newest


async def _newer(
    connection: psycopg.AsyncConnection[Any], wanted: Wanted, table: sql.Identifier
) -> tuple[str | None, sql.Composable]:
    """The newest value of the column that says what is new, and the condition of rows from the last one on.

    Rows of the last value come once more: others of the same may have been added since, and merging them is no harm.
    """
    if (name := wanted.options.get("since_column")) is None:
        return None, sql.SQL("")
    column = sql.Identifier(name)
    found = await connection.execute(sql.SQL("select max({})::text from {}").format(column, table))
    told = await found.fetchone()
    newest = told[0] if told else None
    if wanted.since is None:
        return newest, sql.SQL("where {} is not null").format(column)
    return newest or wanted.since, sql.SQL("where {} >= {}").format(column, sql.Literal(wanted.since))
