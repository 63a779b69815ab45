"""The rules of a person's record, without I/O: its fields, what each may hold, how each is masked."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum

from citykit.identifiers import gb11643, gbt2260
from citykit.identifiers.gb11643 import InvalidCitizenNumber, Sex


class PersonField(StrEnum):
    """The fields of a person that have a history."""

    name = "name"
    id_number = "id_number"  # 公民身份号码, GB 11643
    sex = "sex"
    birth_date = "birth_date"
    ethnicity = "ethnicity"  # 民族
    state = "state"
    division_code = "division_code"  # where the person is registered, GB/T 2260 and below
    address = "address"
    phone = "phone"


class PersonState(StrEnum):
    """Whether the person is registered here."""

    registered = "registered"  # 在册
    moved_out = "moved-out"  # 迁出
    deceased = "deceased"  # 死亡注销


class RelationKind(StrEnum):
    """What one person is to another."""

    guardian = "guardian"  # 监护人


# Encrypted at rest; the other fields are searched or counted, and harmless without these.
SEALED = frozenset({PersonField.id_number, PersonField.phone, PersonField.address})
# A record without these is none.
REQUIRED = frozenset(
    {PersonField.name, PersonField.id_number, PersonField.sex, PersonField.birth_date, PersonField.state}
)
# The dots between the parts of a name, as keyboards and old systems write them; GB/T 38961 wants U+00B7.
_DOTS = re.compile("[\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff0e\uff65.]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")  # the category Cc of Unicode
# Letters, and all of the planes that Unicode keeps for ideographs: those of late extensions, which are names above all,
# are no letters to a language whose tables are older than they are.
_LETTER = "(?:[^\\W\\d_]|[\U00020000-\U0002fffd\U00030000-\U0003fffd])"
_NAME = re.compile(f"{_LETTER}+(?:[·' -]{_LETTER}+)*", re.UNICODE)
_PHONE = re.compile(r"(?:1[3-9]\d{9})|(?:0\d{2,3}-?\d{7,8})", re.ASCII)
Check = Callable[[str, date], str]
_ADULT_YEARS = 18  # 民法典 art. 17
_LONGEST_NAME = 50
_LONGEST_ADDRESS = 200


class WrongValue(ValueError):
    """A value does not fit its field; `code` is for programs, `said` for people (Chinese, English)."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


def name_form(text: str) -> str:
    """A name in the form that is kept and compared: compatibility forms resolved, one kind of dot, single spaces."""
    plain = _DOTS.sub("·", unicodedata.normalize("NFKC", text))
    return " ".join(plain.split())


def _name(text: str, _: date) -> str:
    name = name_form(text)
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise WrongValue("name", "姓名格式不符 This is not a person's name")
    return name


def _id_number(text: str, today: date) -> str:
    try:
        return gb11643.parse(text.strip(), today=today).code
    except InvalidCitizenNumber as refused:
        raise WrongValue(str(refused.reason), str(refused)) from refused


def _birth_date(text: str, today: date) -> str:
    try:
        born = date.fromisoformat(text)
    except ValueError:
        raise WrongValue("date", "日期应为 YYYY-MM-DD A date is written YYYY-MM-DD") from None
    if not born.year >= 1850 or born > today:
        raise WrongValue("date-range", "出生日期不合理 The birth date is impossible")
    return born.isoformat()


def _one_of(kind: type[StrEnum]) -> Check:
    def check(text: str, _: date) -> str:
        if text not in set(kind):
            raise WrongValue("choice", f"取值应为 One of: {', '.join(kind)}")
        return text

    return check


def _ethnicity(text: str, _: date) -> str:
    if not re.fullmatch(r"[\u4e00-\u9fff]{1,6}族|穿青人族?|其他|外国血统中国籍人士", text):
        raise WrongValue("ethnicity", "民族名称不符（GB/T 3304） Not a name of GB/T 3304")
    return text


def _division(text: str, _: date) -> str:
    try:
        return gbt2260.parse(text).code.ljust(6, "0")
    except gbt2260.InvalidDivisionCode as refused:
        raise WrongValue(str(refused.reason), str(refused)) from refused


def _address(text: str, _: date) -> str:
    address = " ".join(text.split())
    if not 2 <= len(address) <= _LONGEST_ADDRESS:
        raise WrongValue("length", "地址应为2至200个字 An address has 2 to 200 characters")
    return address


def _phone(text: str, _: date) -> str:
    phone = text.replace(" ", "").removeprefix("+86")
    if not _PHONE.fullmatch(phone):
        raise WrongValue("phone", "电话号码不符 Not a telephone number of China")
    return phone.replace("-", "")


_CHECKS: dict[PersonField, Check] = {
    PersonField.name: _name,
    PersonField.id_number: _id_number,
    PersonField.sex: _one_of(Sex),
    PersonField.birth_date: _birth_date,
    PersonField.ethnicity: _ethnicity,
    PersonField.state: _one_of(PersonState),
    PersonField.division_code: _division,
    PersonField.address: _address,
    PersonField.phone: _phone,
}


def checked(field: PersonField, text: str | None, today: date) -> str | None:
    """The value of a field in its canonical form; None (there is none) for optional fields. Raises WrongValue."""
    if text is None:
        if field in REQUIRED:
            raise WrongValue("required", "该项不能为空 This field cannot be empty")
        return None
    if _CONTROLS.search(text):
        raise WrongValue("characters", "含有控制字符 Control characters are not allowed")
    return _CHECKS[field](text, today)


def mask_name(name: str) -> str:
    """The name as it may be shown: 李*英, 李*, 欧**娜; one character is hidden whole."""
    if len(name) <= 1:
        return "*" * len(name)
    return name[0] + "*" if len(name) == 2 else name[0] + "*" * (len(name) - 2) + name[-1]


def _mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) > 7 else "*" * len(phone)


def _mask_address(address: str) -> str:
    return address[: min(6, len(address) // 2)] + "****"


def masked(field: PersonField, text: str | None) -> str | None:
    """A value as it may be shown without disclosure: a birth date shows its year, an address its beginning."""
    if text is None:
        return None
    if field is PersonField.name:
        return mask_name(text)
    if field is PersonField.id_number:
        return gb11643.mask(text)
    if field is PersonField.birth_date:
        return f"{text[:4]}-**-**"
    if field is PersonField.phone:
        return _mask_phone(text)
    return _mask_address(text) if field is PersonField.address else text


def may_guard(guardian_born: date, ward_born: date, today: date) -> bool:
    """A guardian is of age; wards are minors here (adults' guardians follow a court's decision, not this list)."""
    return _age(guardian_born, today) >= _ADULT_YEARS > _age(ward_born, today)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def kept(field: PersonField, text: str | None) -> str | None:
    """What stands readable in the database: the masked form of sealed fields, the value of the others."""
    return masked(field, text) if field in SEALED else text
