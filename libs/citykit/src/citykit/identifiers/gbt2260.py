"""行政区划代码, codes of administrative divisions: GB/T 2260 to the county, below it those of the statistics bureau.

Province (2 digits), city (4), county (6), township (9), village (12): each code begins with its parent's. Others pad
with zeros (131100, 511602000000); `parse` takes the padding off, so that one place has one code. A code says nothing
about today: 冀州市 131181 became 冀州区 131103 in 2016. Which places exist is a registry's business; here stand only
the provinces and the counties of Hengshui, with the years of their codes.
"""

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from citykit.identifiers import IdentifierError

_WRITTEN = re.compile(r"[0-9]*")
_ENDS = (2, 4, 6, 9, 12)

PROVINCES = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
    "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省", "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
    "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
    "71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区",
}  # fmt: skip


class Level(IntEnum):
    """How deep a division lies."""

    province = 1  # 省级
    city = 2  # 地级
    county = 3  # 县级
    township = 4  # 乡级
    village = 5  # 村级

    @property
    def digits(self) -> int:
        """How many digits the codes of this level have."""
        return _ENDS[self - 1]


class DivisionReason(StrEnum):
    """Why a text is not a division's code."""

    characters = "characters"
    length = "length"
    province = "province"
    gap = "gap"


_SENTENCES: dict[DivisionReason, tuple[str, str]] = {
    DivisionReason.characters: ("行政区划代码只含数字", "A division code is made of digits"),
    DivisionReason.length: ("行政区划代码应为2、4、6、9或12位", "A division code has 2, 4, 6, 9 or 12 digits"),
    DivisionReason.province: ("行政区划代码的省级部分不存在", "There is no province with the first two digits"),
    DivisionReason.gap: ("行政区划代码的层级不连续", "The division code skips a level"),
}


class InvalidDivisionCode(IdentifierError):
    """A text is not a division's code; `reason` is a DivisionReason."""

    kind = "division-code"

    def __init__(self, reason: DivisionReason) -> None:
        super().__init__(reason, *_SENTENCES[reason])


@dataclass(frozen=True, slots=True)
class DivisionCode:
    """A division's code in its shortest form, without padding."""

    code: str

    def __str__(self) -> str:
        return self.code

    @property
    def level(self) -> Level:
        """How deep it lies."""
        return Level(_ENDS.index(len(self.code)) + 1)

    @property
    def parent(self) -> "DivisionCode | None":
        """The division right above; None above a province. A city without counties is its towns' own parent."""
        if self.level is Level.province:
            return None
        return DivisionCode(_bare(self.code[: _ENDS[self.level - 2]]))

    @property
    def ancestors(self) -> tuple["DivisionCode", ...]:
        """All divisions above, the nearest first."""
        above = self.parent
        return (above, *above.ancestors) if above else ()

    def at(self, level: Level) -> "DivisionCode | None":
        """The division of `level` that this one is or lies in; None where this one lies above it."""
        return next((place for place in (self, *self.ancestors) if place.level is level), None)

    def holds(self, other: "DivisionCode") -> bool:
        """Whether `other` is this division or lies in it."""
        return self == other or self in other.ancestors

    def padded(self, digits: int = 12) -> str:
        """The code filled up with zeros to `digits`, as item systems (12) and county tables (6) write it."""
        if digits < len(self.code):
            raise ValueError(f"{self.code} is longer than {digits} digits")
        return self.code.ljust(digits, "0")


def _bare(code: str) -> str:
    """Take zero levels off the end: 131100 and 131100000000 are the city 1311."""
    for start, end in reversed(list(zip((0, *_ENDS), _ENDS, strict=False))):
        if end <= len(code):
            if code[start:end].strip("0"):
                return code[:end]
            code = code[:start]
    return code


def parse(text: str) -> DivisionCode:
    """Read a code of 2, 4, 6, 9 or 12 digits, padded or not. Raises InvalidDivisionCode.

    A level may not be skipped, but for counties: cities without any (441900 东莞) have towns such as 441900003.
    """
    if not _WRITTEN.fullmatch(text):
        raise InvalidDivisionCode(DivisionReason.characters)
    if len(text) not in _ENDS:
        raise InvalidDivisionCode(DivisionReason.length)
    code = _bare(text)
    if code[:2] not in PROVINCES:
        raise InvalidDivisionCode(DivisionReason.province)
    if code[2:4] == "00" or code[6:9] == "000":
        raise InvalidDivisionCode(DivisionReason.gap)
    return DivisionCode(code)


def valid(text: str) -> bool:
    """Whether `text` is shaped like a division's code; not whether there is such a place."""
    try:
        parse(text)
    except InvalidDivisionCode:
        return False
    return True


HENGSHUI = DivisionCode("1311")


class CountyKind(StrEnum):
    """What a county-level code of Hengshui stands for."""

    legal = "legal"  # 法定行政区划
    statistical = "statistical"  # 统计用区划: a zone that statistics count like a county; its land belongs to others


@dataclass(frozen=True, slots=True)
class CountyCode:
    """A county-level code of Hengshui with the years in which it was in force; its first and last year both count.

    `successor` is the code that took its place.
    """

    code: str
    name: str
    kind: CountyKind = CountyKind.legal
    since: int = 1996
    until: int | None = None
    successor: str | None = None

    def in_force(self, year: int) -> bool:
        """Whether the code was in force on some day of `year`."""
        return self.since <= year and (self.until is None or year <= self.until)


# The prefecture-level city and its 1311 codes exist since 1996; before, the counties were 1330xx of 衡水地区.
_COUNTIES = (
    CountyCode("131102", "桃城区"),
    CountyCode("131103", "冀州区", since=2016),
    CountyCode("131121", "枣强县"),
    CountyCode("131122", "武邑县"),
    CountyCode("131123", "武强县"),
    CountyCode("131124", "饶阳县"),
    CountyCode("131125", "安平县"),
    CountyCode("131126", "故城县"),
    CountyCode("131127", "景县"),
    CountyCode("131128", "阜城县"),
    CountyCode("131181", "冀州市", until=2016, successor="131103"),
    CountyCode("131182", "深州市"),
    CountyCode("131171", "河北衡水高新技术产业开发区", CountyKind.statistical),
    CountyCode("131172", "衡水滨湖新区", CountyKind.statistical),
)
HENGSHUI_COUNTIES = {county.code: county for county in _COUNTIES}


def legal_counties(year: int) -> tuple[CountyCode, ...]:
    """The legal counties of Hengshui whose codes were in force in `year`, by code."""
    return tuple(
        county
        for code, county in sorted(HENGSHUI_COUNTIES.items())
        if county.kind is CountyKind.legal and county.in_force(year)
    )
