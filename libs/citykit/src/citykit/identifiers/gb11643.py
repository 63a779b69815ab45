"""公民身份号码, the citizen number of GB 11643, in its form of 18 characters and the old one of 15 digits.

Region (1-6, the GB/T 2260 code in force when the number was GIVEN, not at birth), birth date (7-14), sequence (15-17,
17 odd for men), check (18) by ISO 7064 MOD 11-2. A number is never refused for its region: codes come and go, and the
people of 冀州市 keep theirs. Residents of Hong Kong, Macao and Taiwan with a residence permit carry 810000, 820000,
830000; foreign permanent residents carry 18 characters that begin with 9 since 2023-12-01.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from citykit.clock import CHINA
from citykit.identifiers import IdentifierError

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NEW = re.compile(r"[0-9]{17}[0-9X]")
_OLD = re.compile(r"[0-9]{15}")
_PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})


class CitizenNumberReason(StrEnum):
    """Why a text is not a citizen number."""

    length = "length"
    characters = "characters"
    birth_date = "birth-date"
    future = "future"
    check = "check"


_SENTENCES: dict[CitizenNumberReason, tuple[str, str]] = {
    CitizenNumberReason.length: (
        "公民身份号码应为18位（旧号15位）",
        "A citizen number has 18 characters (the old form 15)",
    ),
    CitizenNumberReason.characters: (
        "公民身份号码应为数字，最后一位可为X",
        "A citizen number is made of digits; only the last may be X",
    ),
    CitizenNumberReason.birth_date: (
        "公民身份号码中的出生日期不存在",
        "The birth date within the citizen number does not exist",
    ),
    CitizenNumberReason.future: (
        "公民身份号码中的出生日期晚于今天",
        "The birth date within the citizen number is in the future",
    ),
    CitizenNumberReason.check: (
        "公民身份号码校验位不符，请核对",
        "The check character of the citizen number does not fit",
    ),
}


class InvalidCitizenNumber(IdentifierError):
    """A text is not a citizen number; `reason` is a CitizenNumberReason."""

    kind = "citizen-number"

    def __init__(self, reason: CitizenNumberReason) -> None:
        super().__init__(reason, *_SENTENCES[reason])


class Sex(StrEnum):
    """What the 17th digit says."""

    male = "male"  # 男, odd
    female = "female"  # 女, even


class Holder(StrEnum):
    """Whose number it is, as its first characters say."""

    citizen = "citizen"  # 居民身份证
    permit = "permit"  # 港澳台居民居住证
    foreigner = "foreigner"  # 外国人永久居留身份证


@dataclass(frozen=True, slots=True, repr=False)
class CitizenNumber:
    """A citizen number in its form of 18 characters, X in capitals.

    `was_old_form` says that it was given as 15 digits, a form that ended on 2013-01-01.
    """

    code: str
    birth_date: date
    was_old_form: bool = False

    def __repr__(self) -> str:
        # Values end up in logs and error reports; the number must not.
        return f"CitizenNumber({self.masked})"

    __str__ = __repr__

    @property
    def masked(self) -> str:
        """The number as it may be shown: `131102********0014`."""
        return mask(self.code)

    @property
    def sex(self) -> Sex:
        """The sex that the sequence says."""
        return Sex.male if int(self.code[16]) % 2 else Sex.female

    @property
    def holder(self) -> Holder:
        """Whose kind of document the number stands on."""
        if self.code[0] == "9":
            return Holder.foreigner
        return Holder.permit if self.code[:6] in _PERMIT_REGIONS else Holder.citizen

    @property
    def division_code(self) -> str | None:
        """The GB/T 2260 code of the county that gave the number, by the table of that day; None for other holders."""
        return self.code[:6] if self.holder is Holder.citizen else None

    def age_on(self, day: date) -> int:
        """Full years of age on `day`; who was born on 29 February becomes a year older on 1 March in common years."""
        born = self.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def check_character(first_17: str) -> str:
    """Character 18 that ISO 7064 MOD 11-2 demands after the first 17 digits."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def modern(old: str) -> str:
    """The 18 characters of an old number of 15 digits.

    The century is 19, but for the sequences 996-999, which were kept for people born in the century before.
    """
    century = "18" if old[12:] >= "996" else "19"
    first_17 = old[:6] + century + old[6:]
    return first_17 + check_character(first_17)


def parse(text: str, *, today: date | None = None) -> CitizenNumber:
    """Read a citizen number in either form; x becomes X, nothing else is mended. Raises InvalidCitizenNumber.

    `today` bounds the birth date: hand in the date of the service's clock; without it the machine's date counts,
    as it is in China.
    """
    code = text[:-1] + "X" if text.endswith("x") else text
    if len(code) not in {15, 18}:
        raise InvalidCitizenNumber(CitizenNumberReason.length)
    old = len(code) == 15
    if not (_OLD if old else _NEW).fullmatch(code):
        raise InvalidCitizenNumber(CitizenNumberReason.characters)
    if old:
        code = modern(code)
    try:
        born = date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        raise InvalidCitizenNumber(CitizenNumberReason.birth_date) from None
    if born > (today or datetime.now(CHINA).date()):
        raise InvalidCitizenNumber(CitizenNumberReason.future)
    if check_character(code[:17]) != code[17]:
        raise InvalidCitizenNumber(CitizenNumberReason.check)
    return CitizenNumber(code, born, old)


def valid(text: str, *, today: date | None = None) -> bool:
    """Whether `text` is a citizen number in either form."""
    try:
        parse(text, today=today)
    except InvalidCitizenNumber:
        return False
    return True


def mask(text: str) -> str:
    """The number with its birth date hidden, `131102********0014`; of a text of another length, its length alone."""
    return f"{text[:6]}********{text[14:]}" if len(text) == 18 else "*" * len(text)
