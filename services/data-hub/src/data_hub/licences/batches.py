"""Issues licences by the hundred thousand: a file comes in, its parts become licences in jobs.

The file is checked and its rows are sealed when it comes; serials and places in status lists are reserved at once, so
that parts never wait for one another. A part becomes licences as a whole or not at all, once, however often its job
runs; rows that do not fit are told by line and field. A part that cannot be made licences of is tried again some
times and then fails, with all its lines among those that became none. So do the lines of what is not issued yet when
their type is retired, or their department issues no more of it. Sealed rows are deleted with their part.
"""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import psycopg
import structlog
from fastapi import Depends
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from citykit.actors import Actor, ActorKind
from citykit.identifiers import IdentifierError, gb11643, gb32100
from citykit.problems import FieldError
from citykit.work import Work, WorkInRequest
from data_hub.licences import awaiting, holders, one_each, repository
from data_hub.licences.access import issued_of
from data_hub.licences.domain import FieldKind, FieldRule, HolderKind, TermRule, day_in_china
from data_hub.licences.errors import BatchFault, TooManyRows
from data_hub.licences.models import BatchRow, FaultRow, PartRow, TypeRow
from data_hub.licences.papers import Papers
from data_hub.licences.schemas import Batch
from data_hub.licences.service import Licences
from data_hub.licences.writing import (
    PLACES,
    Holder,
    Numbers,
    Term,
    faults_of,
    rules_of,
    serial_of,
    tell,
    tell_holders,
    term_rule_of,
    today_of,
    values_of,
)

ISSUE_PART = "data-hub.licences.issue-part"
MOST_ROWS, PART = 100_000, 1000
_HOLDER = ("holder_name", "holder_number")
_BEGINS, _ENDS, _PAPER = "valid_from", "valid_to", "paper_number"
_LONGEST_NAME = 200
_INTEGER = re.compile("-?[0-9]{1,17}")  # neither int() nor isdecimal() draws this line
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")  # fromisoformat() takes weeks as well
MOST_TRIES, FIRST_PAUSE = 4, timedelta(minutes=1)
_SAMPLE = 20
PART_FAILED = "part-failed"  # its lines may be handed in again as they are

Faults = list[tuple[str, str]]
Values = dict[str, Any]
log = structlog.get_logger("data_hub.licences")


class Batches:
    """The acts on batches within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def accept(self, type_code: str, data: bytes, *, by: Actor) -> Batch:
        """Take a CSV file: holder_name, holder_number, and the fields of the type.

        Columns that may be missing: valid_from; valid_to, as the type's terms have it; paper_number of stock entered.
        Raises UnknownType, TypeRetired, BatchFault, TooManyRows. Encodings: UTF-8, with or without mark, and GB18030.
        """
        kind = await Licences(self.work).type_to_issue(type_code, by)
        rows = await asyncio.to_thread(_rows, data, rules_of(kind))
        parts = [rows[at : at + PART] for at in range(0, len(rows), PART)]
        batch = BatchRow(
            type_code=kind.code, department=by.department, row_count=len(rows),
            first_serial=await repository.reserved(self.work, f"serial/{kind.code}", len(rows)),
            first_place=await repository.reserved(self.work, PLACES, len(rows)),
            made_by=by.reference, made_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.session.add(batch)
        await self.work.session.flush()
        for number, part in enumerate(parts):
            sealed = self.work.vault.seal(json.dumps(part, ensure_ascii=False), part_place(batch.id, number))
            self.work.session.add(
                PartRow(batch=batch.id, part=number, sealed=sealed, issued=0, refused=0, done_at=None, failure=None)
            )
            self.work.jobs.defer(ISSUE_PART, batch=str(batch.id), part=number)
        self.work.audit.note(
            stream=f"licence-batch/{batch.id}", act="accept", by=by, data={"rows": len(rows), "type": kind.code}
        )
        return Batch.of(batch, 0, 0, done=False, failure=None)


def part_place(batch: UUID, part: int) -> str:
    """The place that the sealed rows of a part belong to."""
    return f"licence-batch/{batch}/{part}"


async def issue_part(work: Work, batch: str, part: int, tried: int = 0) -> None:
    """Make licences of a part's rows, unless that was done: the job may come twice.

    What goes wrong with the part as a whole is tried again some times; then it is done, and has failed.
    """
    mine = (PartRow.batch == UUID(batch), PartRow.part == part)
    row = (await work.session.scalars(select(PartRow).where(*mine).with_for_update())).one()
    if row.done_at is not None or row.sealed is None:
        return
    whole = await work.session.get_one(BatchRow, row.batch)
    try:
        async with (await work.driver()).transaction():
            made, faults = await _issued(work, whole, row, row.sealed)
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        raise  # the database is down or busy: the job comes again, as it is
    except Exception as error:
        log.exception("licence_part_failed", batch=batch, part=part, tried=tried)
        if tried < MOST_TRIES:
            at = work.clock.now() + FIRST_PAUSE * 4**tried
            work.jobs.defer(ISSUE_PART, at=at, batch=batch, part=part, tried=tried + 1)
            return
        made, faults, row.failure = [], _every_line(whole, part, PART_FAILED), type(error).__name__
    for values in made:
        tell(work, values)
    tell_holders(work, made, subject=f"{whole.id}/{part}")
    for line, wrong in faults.items():
        said = [{"field": name, "code": code} for name, code in wrong]
        work.session.add(FaultRow(batch=whole.id, line=line, faults=said))
    row.issued, row.refused, row.sealed, row.done_at = len(made), len(faults), None, work.clock.now()
    data = {"part": part, "issued": len(made), "refused": len(faults), "failure": row.failure}
    work.audit.note(stream=f"licence-batch/{whole.id}", act="issue-part", by=whole.made_by, data=data)


async def _issued(work: Work, whole: BatchRow, part: PartRow, sealed: bytes) -> tuple[list[Values], dict[int, Faults]]:
    # Kept as it is while licences are made of it: whoever retires the type waits for this part.
    kind = await work.session.get_one(TypeRow, whole.type_code, with_for_update={"read": True})
    if kind.retired:
        return [], _every_line(whole, part.part, "type-retired")
    if await repository.type_row(work, kind.code, issued_of(whole.department)) is None:
        return [], _every_line(whole, part.part, "issuer-ended")
    rows: list[dict[str, str]] = json.loads(work.vault.open(sealed, part_place(whole.id, part.part)))
    made, waiting, faults = await _made(work, kind, whole, rows, part.part * PART)
    await _copy(work, made)
    await awaiting.keep(work, waiting)
    return made, faults


def _every_line(whole: BatchRow, part: int, code: str) -> dict[int, Faults]:
    """The lines of a part, none of which became a licence."""
    first = part * PART
    return {place + 2: [("", code)] for place in range(first, min(first + PART, whole.row_count))}


async def _made(
    work: Work, kind: TypeRow, batch: BatchRow, rows: Sequence[dict[str, str]], offset: int
) -> tuple[list[Values], list[awaiting.Waiting], dict[int, Faults]]:
    wanted, rules, today = HolderKind(kind.holder_kind), rules_of(kind), today_of(work)
    accepted = day_in_china(batch.made_at)  # all licences of a batch are of one day, whenever their part comes
    numbers = [_number(wanted, row["holder_number"], today) for row in rows]
    known = await holders.registered(work, wanted, [number for number in numbers if number is not None])
    terms = await one_each.terms_of(work, kind, {number: known.persons.get(number) for number in numbers if number})
    by = await _issuer(work, kind, batch)
    papers = await Papers.of(work, kind, batch.department, [row.get(_PAPER, "") for row in rows])
    origin: Values = {"issuer": batch.department, "by": batch.made_by, "batch": batch.id}
    made: list[Values] = []
    waiting, faults = [], {}
    for place, (row, number) in enumerate(zip(rows, numbers, strict=True), start=offset):
        paper, serial = row.get(_PAPER) or None, serial_of(accepted.year, batch.first_serial + place)
        reserved = Numbers(serial, 1, batch.first_place + place, paper)
        try:
            begins = _day(row.get(_BEGINS, ""), accepted)
            claims = {rule.name: _typed(rule, row[rule.name]) for rule in rules if row.get(rule.name)}
            wrong = _faults(rules, row, number, claims, begins, today)
            wrong += [] if number is None else _unfit(work, kind, by, known, row["holder_name"], number)
            wrong += [(_PAPER, code)] if (code := papers.fault(paper)) is not None else []
            term = _term(term_rule_of(kind), row, begins, wrong)
            if not wrong and number and term and not terms.take(number, term.valid_from, term.valid_to):
                wrong.append(("holder_number", "held"))
            if not wrong and number is not None and term is not None:
                papers.take(paper)
                holder = known.as_named(Holder(wanted, row["holder_name"], number, known.persons.get(number)))
                made.append(values_of(work, kind, holder, claims, term, reserved, **origin))
                if holder.is_unknown:
                    waiting.append((made[-1]["id"], number))
                continue
        except (ValueError, ArithmeticError):
            # Whatever a cell may hold that nobody thought of, it is this row's fault, and the others are issued.
            wrong = [("", "unreadable")]
        faults[place + 2] = wrong
    return made, waiting, faults


def _unfit(
    work: Work, kind: TypeRow, by: Actor, known: holders.Registered, name: str, number: str
) -> Faults:  # fmt: skip
    """What the registry has against a holder; a person who is called otherwise finds the comparison in her log."""
    fault = known.fault(name, number)
    if fault == holders.OTHER_NAME:
        holders.note_comparison(work, kind.name_zh, known.persons.get(number), by=by)
    return [] if fault is None else [fault]


async def _issuer(work: Work, kind: TypeRow, batch: BatchRow) -> Actor:
    """Who sent a batch, for the department that issues it."""
    made_by, _, subject = batch.made_by.partition(":")
    name = await repository.issuer_name(work, kind, batch.department)
    reached = ActorKind.person if made_by == "sub" else ActorKind(made_by)
    return Actor(subject, reached, department=batch.department, department_name=name)


def _faults(
    rules: list[FieldRule],
    row: dict[str, str],
    number: str | None,
    claims: dict[str, str | int],
    begins: date | None,
    today: date,
) -> Faults:
    wrong: Faults = [] if number is not None else [("holder_number", "number")]
    if not 0 < len(row["holder_name"]) <= _LONGEST_NAME:
        wrong.append(("holder_name", "length"))
    if begins is None:
        wrong.append((_BEGINS, "date"))
    return wrong + [
        (name.removeprefix("claims/"), code) for name, code in faults_of(rules, claims, begins or today, today)
    ]


def _number(kind: HolderKind, text: str, today: date) -> str | None:
    try:
        return gb11643.parse(text, today=today).code if kind is HolderKind.person else gb32100.parse(text).code
    except IdentifierError:
        return None


def _term(rule: TermRule, row: dict[str, str], begins: date | None, wrong: Faults) -> Term | None:
    """The term of a row, or what is wrong with its last day; where its first one is wrong, there is none."""
    text = row.get(_ENDS)
    if begins is None or any(field == _BEGINS for field, _ in wrong):
        return None
    asked = _day(text, begins) if text else None
    code = "date" if text and asked is None else rule.fault(begins, asked, stock=bool(row.get(_PAPER)))
    if code is not None:
        wrong.append((_ENDS, code))
        return None
    return Term(begins, rule.ends(begins, asked))


def _day(text: str, today: date) -> date | None:
    if not text:
        return today
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _typed(rule: FieldRule, text: str) -> str | int:
    """The value of a cell. What is no number stays a text, and the rule of its field refuses it."""
    return int(text) if rule.kind is FieldKind.integer and _INTEGER.fullmatch(text) else text


async def _copy(work: Work, made: list[Values]) -> None:
    """Copy the rows in: an insert of as many parameters costs several times that."""
    if not made:
        return
    await work.session.flush()
    columns = list(made[0])
    statement = sql.SQL("copy licence ({}) from stdin").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
    connection = await work.driver()
    async with connection.cursor() as cursor, cursor.copy(statement) as stream:
        for values in made:
            await stream.write_row([values[name] for name in columns])


def _rows(data: bytes, rules: list[FieldRule]) -> list[dict[str, str]]:
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, [])]
        _check_head(head, rules)
        return list(_read(reader, head))
    except csv.Error as reason:
        raise _fault("csv", f"line {reader.line_num}") from reason


def _read(reader: Iterator[list[str]], head: list[str]) -> Iterator[dict[str, str]]:
    count = 0
    for row in reader:
        if not row:
            continue
        count += 1
        if count > MOST_ROWS:
            raise TooManyRows
        if len(row) != len(head):
            raise _fault("columns", f"row {count}: {len(row)}")
        if any("\x00" in cell for cell in row):
            raise _fault("not-text", f"row {count}: NUL")
        yield dict(zip(head, (cell.strip() for cell in row), strict=True))
    if count == 0:
        raise _fault("empty", "no rows")


def _check_head(head: list[str], rules: list[FieldRule]) -> None:
    known = {*_HOLDER, _BEGINS, _ENDS, _PAPER, *(rule.name for rule in rules)}
    needed = {*_HOLDER, *(rule.name for rule in rules if rule.required)}
    wrong = sorted(needed - set(head)) + sorted(set(head) - known)
    if wrong or len(set(head)) != len(head):
        raise _fault("columns", ", ".join(wrong[:_SAMPLE])[:200] or "a column stands twice")


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _fault("encoding", "neither UTF-8 nor GB18030")


def _fault(code: str, said: str) -> BatchFault:
    return BatchFault(errors=[FieldError(pointer="/body", code=code, message=said)])


async def batches(work: WorkInRequest) -> Batches:
    """The acts, for a handler."""
    return Batches(work)


BatchesInRequest = Annotated[Batches, Depends(batches)]
