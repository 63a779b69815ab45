"""The rules of licences: identifiers, validity, states. No I/O."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from citykit.clock import CHINA

ROOT = "1.2.156.3005.2"  # the object identifier below which GB/T 36904 numbers licences
_MODULUS = 36
_VALUES = {one: place for place, one in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_IDENTIFIER = re.compile(
    re.escape(ROOT) + r"\.([0-9A-Z]{21})\.([0-9A-Z]{18})\.([0-9A-Z]{1,30})\.([0-9]{3})\.([0-9A-Z])"
)
_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_JWS = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")
LONGEST_CODE = 2953  # characters: no QR code holds more bytes (ISO/IEC 18004, version 40, level L)

NEWEST_VERSION = 999


class Status(StrEnum):
    """What an issuer has said of a licence. It is the same for every form."""

    valid = "valid"  # 有效
    suspended = "suspended"  # 暂停
    revoked = "revoked"  # 注销或吊销
    superseded = "superseded"  # 已换发, its next version counts


class Standing(StrEnum):
    """What a licence is worth on a day: its status, and its days."""

    valid = "valid"
    not_yet_valid = "not-yet-valid"
    expired = "expired"
    suspended = "suspended"
    revoked = "revoked"
    superseded = "superseded"


class HolderKind(StrEnum):
    """Who may hold licences of a type."""

    person = "person"
    organisation = "organisation"


class Validity(StrEnum):
    """How the last day of a type's licences is found."""

    months = "months"  # 固定期限: so many months from the first day
    until = "until"  # 至指定日: a day that each licence says, at most so many months from its first
    long = "long"  # 长期


class FieldKind(StrEnum):
    """What a field of a licence holds."""

    text = "text"
    date = "date"
    integer = "integer"
    code = "code"


ACTS: dict[str, tuple[frozenset[Status], Status]] = {
    "suspend": (frozenset({Status.valid}), Status.suspended),
    "resume": (frozenset({Status.suspended}), Status.valid),
    "revoke": (frozenset({Status.valid, Status.suspended}), Status.revoked),
    "renew": (frozenset({Status.valid}), Status.superseded),
    "amend": (frozenset({Status.valid}), Status.superseded),
}
LIST_VALUES = {Status.valid: 0, Status.revoked: 1, Status.superseded: 1, Status.suspended: 2}


def after(act: str, status: Status) -> Status | None:
    """The status that `act` leads to from `status`, or None where it is not allowed there."""
    allowed, reached = ACTS[act]
    return reached if status in allowed else None


def standing(status: Status, valid_from: date, valid_to: date | None, today: date) -> Standing:
    """What a licence is worth `today`; `valid_to` is its last day, None for ever."""
    if status is not Status.valid:
        return Standing(status.value)
    if today < valid_from:
        return Standing.not_yet_valid
    if valid_to is not None and today > valid_to:
        return Standing.expired
    return Standing.valid


def day_in_china(moment: datetime) -> date:
    """The day on which a moment falls in Hengshui."""
    return moment.astimezone(CHINA).date()


def end_of(day: date) -> datetime:
    """The first moment after a day in Hengshui."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def last_day(first: date, months: int | None) -> date | None:
    """The last day of a term of `months` that begins with `first`: from 2026-01-15 one month lasts to 2026-02-14.

    Where its last month has no such day, the term ends with that month (《民法典》 article 202): from 2026-01-31 to
    2026-02-28. None for ever.
    """
    if months is None:
        return None
    index = first.year * 12 + first.month - 1 + months
    year, month = divmod(index, 12)
    longest = monthrange(year, month + 1)[1]
    if first.day > longest:
        return date(year, month + 1, longest)
    return date(year, month + 1, first.day) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TermRule:
    """How long licences of a type last; `months` is None where they are for ever."""

    validity: Validity
    months: int | None

    def fault(self, first: date, asked: date | None, *, stock: bool = False) -> str | None:
        """What is wrong with the last day that was asked for a term that begins with `first`: missing, range.

        A fixed term needs none. What is entered from paper (`stock`) may have been issued for less than it.
        """
        if asked is None:
            return "missing" if self.validity is Validity.until else None
        longest = last_day(first, self.months)
        if longest is None or not first <= asked <= longest:
            return "range"
        return "range" if self.validity is Validity.months and not stock and asked != longest else None

    def ends(self, first: date, asked: date | None) -> date | None:
        """The last day of a term that begins with `first`, None for ever; `asked` has no fault."""
        return asked or last_day(first, self.months)


def may_renew(valid_to: date | None, today: date, *, before_days: int, after_days: int) -> bool:
    """Whether `today` lies in the time of renewal: from so many days before the last day to so many after it."""
    if valid_to is None:
        return False
    return valid_to - timedelta(days=before_days) <= today <= valid_to + timedelta(days=after_days)


def code_in(text: str) -> str | None:
    """The JWS (RFC 7515) that the text of a QR code holds: all of it, or the fragment of the address that it is.

    Which address does not matter: it is cut off, neither read nor asked. A JWS needs no percent-encoding, and there is
    one way to write it: what is encoded, has two fragments, or is longer than a QR code can be holds none.
    """
    address, mark, fragment = text.partition("#")
    code = fragment if mark and address.lower().startswith(("https://", "http://")) else text
    return code if len(text) <= LONGEST_CODE and _JWS.fullmatch(code) else None


def check_character(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 over capitals and digits. Raises KeyError for anything else."""
    p = _MODULUS
    for one in text:
        p = (p + _VALUES[one]) % _MODULUS or _MODULUS
        p = 2 * p % (_MODULUS + 1)
    return _SYMBOLS[(_MODULUS + 1 - p) % _MODULUS]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A licence identifier 证照标识 by GB/T 36904."""

    type_code: str
    issuer: str
    serial: str
    version: int

    def __str__(self) -> str:
        version = f"{self.version:03d}"
        check = check_character(self.type_code + self.issuer + self.serial + version)
        return f"{ROOT}.{self.type_code}.{self.issuer}.{self.serial}.{version}.{check}"

    @classmethod
    def parse(cls, text: str) -> "Identifier | None":
        """The identifier that a text is, or None where its shape or its check character is wrong."""
        found = _IDENTIFIER.fullmatch(text)
        if found is None:
            return None
        type_code, issuer, serial, version, check = found.groups()
        if check_character(type_code + issuer + serial + version) != check or version == "000":
            return None
        return cls(type_code, issuer, serial, int(version))


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of a licence type: its name in data, what it holds, and whether it must be there."""

    name: str
    title: str
    kind: FieldKind = FieldKind.text
    required: bool = True
    longest: int = 200
    codes: tuple[str, ...] = ()


BUILT_IN = frozenset(
    {"holder_name", "holder_number", "identifier", "issuer", "paper_number", "type_name", "valid_from", "valid_to"}
)  # fmt: skip


def placeholders(lines: Iterable[str]) -> set[str]:
    """The names in braces that template lines use."""
    return {name for line in lines for name in _PLACEHOLDER.findall(line)}


def filled(line: str, values: Mapping[str, str]) -> str:
    """A template line with its names replaced; a field that is not filled in is a dash."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1]) or "—", line)


def claim_faults(rules: Iterable[FieldRule], claims: Mapping[str, object]) -> list[tuple[str, str]]:
    """What is wrong with the fields of a licence, as (name, code) pairs: missing, unknown, type, length, code, date."""
    known = {rule.name: rule for rule in rules}
    faults = [(name, "unknown") for name in claims if name not in known]
    for name, rule in known.items():
        value = claims.get(name)
        if value is None or value == "":
            faults += [(name, "missing")] if rule.required else []
        elif (code := _fault(rule, value)) is not None:
            faults.append((name, code))
    return faults


def _fault(rule: FieldRule, value: object) -> str | None:
    if rule.kind is FieldKind.integer:
        return None if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else "type"
    if not isinstance(value, str):
        return "type"
    if rule.kind is FieldKind.code:
        return None if value in rule.codes else "code"
    if rule.kind is FieldKind.date:
        return None if _is_date(value) else "date"
    return "length" if len(value) > rule.longest else None


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
