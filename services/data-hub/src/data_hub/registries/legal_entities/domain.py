"""The rules of a legal entity's record, without I/O: its fields, what each may hold, which states follow which."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from uuid import UUID

from citykit.identifiers import gbt2260


class EntityField(StrEnum):
    """The fields of a legal entity that have a history."""

    name = "name"
    state = "state"
    legal_form = "legal_form"
    division_code = "division_code"  # where it is registered, GB/T 2260 and below
    address = "address"
    established_on = "established_on"
    legal_representative = "legal_representative"  # a person's number in the population registry
    representative_name = "representative_name"
    capital_fen = "capital_fen"  # 注册资本, integer fen
    scope = "scope"  # 经营范围, 宗旨和业务范围


class EntityState(StrEnum):
    """Whether the entity acts."""

    active = "active"  # 存续
    suspended = "suspended"  # 歇业
    revoked = "revoked"  # 吊销
    deregistered = "deregistered"  # 注销
    moved_out = "moved-out"  # 迁出


class LegalForm(StrEnum):
    """What kind of entity it is. The first two characters of the code tell the registrar's kind; this tells more."""

    limited_company = "limited-company"  # 有限责任公司
    joint_stock_company = "joint-stock-company"  # 股份有限公司
    partnership = "partnership"  # 合伙企业
    sole_proprietorship = "sole-proprietorship"  # 个人独资企业
    individual_business = "individual-business"  # 个体工商户
    farmers_cooperative = "farmers-cooperative"  # 农民专业合作社
    village_collective = "village-collective"  # 农村集体经济组织
    agency = "agency"  # 机关
    institution = "institution"  # 事业单位
    mass_organisation = "mass-organisation"  # 群团组织
    social_organisation = "social-organisation"  # 社会团体
    private_non_enterprise = "private-non-enterprise"  # 民办非企业单位
    foundation = "foundation"  # 基金会
    law_firm = "law-firm"  # 律师事务所
    other = "other"


PUBLIC_BODIES = frozenset({LegalForm.agency, LegalForm.institution, LegalForm.mass_organisation})
CEASED = frozenset({EntityState.revoked, EntityState.deregistered, EntityState.moved_out})
ENDED = CEASED - {EntityState.moved_out}
# An entity whose licence was revoked (吊销) is still to be wound up and deregistered (注销).
CESSATIONS = {
    EntityState.active: CEASED,
    EntityState.suspended: CEASED,
    EntityState.revoked: frozenset({EntityState.deregistered}),
}
REQUIRED = frozenset(
    {EntityField.name, EntityField.state, EntityField.legal_form, EntityField.division_code, EntityField.established_on}
)
_MOST_FEN = 10**15
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")  # the category Cc of Unicode, but for the new line
_LENGTHS = {
    EntityField.name: (2, 200),
    EntityField.address: (2, 300),
    EntityField.scope: (2, 4000),
    EntityField.representative_name: (1, 100),
}


class WrongValue(ValueError):
    """A value does not fit its field; `code` is for programs, `said` for people (Chinese, English)."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.said = said


def may_cease(state: EntityState, reached: EntityState) -> bool:
    """Whether an entity in `state` may come to `reached`."""
    return reached in CESSATIONS.get(state, frozenset())


def _text(field: EntityField) -> Callable[[str, date], str]:
    least, most = _LENGTHS[field]

    def check(text: str, _: date) -> str:
        plain = " ".join(unicodedata.normalize("NFC", text).split())
        if not least <= len(plain) <= most:
            raise WrongValue("length", f"应为{least}至{most}个字 From {least} to {most} characters")
        return plain

    return check


def _day(text: str, today: date) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise WrongValue("date", "日期应为 YYYY-MM-DD A date is written YYYY-MM-DD") from None
    if not day.year >= 1800 or day > today:
        raise WrongValue("date-range", "成立日期不合理 The date is impossible")
    return day.isoformat()


def _one_of(kind: type[StrEnum]) -> Callable[[str, date], str]:
    def check(text: str, _: date) -> str:
        if text not in set(kind):
            raise WrongValue("choice", f"取值应为 One of: {', '.join(kind)}")
        return text

    return check


def _division(text: str, _: date) -> str:
    try:
        return gbt2260.parse(text).code.ljust(6, "0")
    except gbt2260.InvalidDivisionCode as refused:
        raise WrongValue(str(refused.reason), str(refused)) from refused


def _person(text: str, _: date) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise WrongValue("person", "不是人口库编号 Not a number of the population registry") from None


def _fen(text: str, _: date) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= _MOST_FEN):
        raise WrongValue("fen", "金额应为整数（分） An amount is a whole number of fen")
    return str(int(text))


_CHECKS: dict[EntityField, Callable[[str, date], str]] = {
    EntityField.name: _text(EntityField.name),
    EntityField.state: _one_of(EntityState),
    EntityField.legal_form: _one_of(LegalForm),
    EntityField.division_code: _division,
    EntityField.address: _text(EntityField.address),
    EntityField.established_on: _day,
    EntityField.legal_representative: _person,
    EntityField.representative_name: _text(EntityField.representative_name),
    EntityField.capital_fen: _fen,
    EntityField.scope: _text(EntityField.scope),
}


def checked(field: EntityField, text: str | None, today: date) -> str | None:
    """The value of a field in its canonical form; None (there is none) for optional fields. Raises WrongValue."""
    if text is None:
        if field in REQUIRED:
            raise WrongValue("required", "该项不能为空 This field cannot be empty")
        return None
    if _CONTROLS.search(text):
        raise WrongValue("characters", "含有控制字符 Control characters are not allowed")
    return _CHECKS[field](text, today)
