"""统一社会信用代码, the unified social credit code (USCC) of GB 32100-2015 with its amendment 1 of 2016.

18 characters: registrar (1), category (2), the registrar's place by GB/T 2260 (3-8), organisation code by GB 11714
(9-17, with a check of its own at 17), check (18). Two value tables meet in one code: GB 32100 counts along an
alphabet without I O S V Z (M is 21), GB 11714 counts A=10 to Z=35 without gaps (M is 22).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from citykit.identifiers import IdentifierError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPE = re.compile(r"[0-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_WRITTEN = re.compile(r"[0-9A-Za-z]*")

REGISTRARS = {
    "1": "机构编制 Staffing commission",
    "2": "外交 Foreign affairs",
    "3": "司法行政 Judicial administration",
    "4": "文化 Culture",
    "5": "民政 Civil affairs",
    "6": "旅游 Tourism",
    "7": "宗教 Religious affairs",
    "8": "工会 Trade unions",
    "9": "市场监管 Market regulation",
    "A": "中央军委 Central Military Commission",
    "N": "农业农村 Agriculture and rural affairs",
    "Y": "其他 Other",
}
# Registrars and categories of bodies we have no name for stay unnamed; the code is not refused for them.
CATEGORIES = {
    "11": "机关 Public organ",
    "12": "事业单位 Public institution",
    "13": "群众团体 Mass organisation",
    "31": "律师执业机构 Law firm",
    "32": "公证处 Notary office",
    "33": "基层法律服务所 Grass-roots legal service office",
    "34": "司法鉴定机构 Forensic institution",
    "35": "仲裁委员会 Arbitration commission",
    "41": "外国在华文化中心 Foreign cultural centre in China",
    "51": "社会团体 Association",
    "52": "民办非企业单位 Private non-enterprise unit",
    "53": "基金会 Foundation",
    "71": "宗教活动场所 Place of religious activity",
    "72": "宗教院校 Religious school",
    "81": "基层工会 Grass-roots trade union",
    "91": "企业 Enterprise",
    "92": "个体工商户 Individual business",
    "93": "农民专业合作社 Farmers' cooperative",
    "A1": "军队事业单位 Military institution",
    "N1": "组级集体经济组织 Collective of a villagers' group",
    "N2": "村级集体经济组织 Village collective",
    "N3": "乡镇级集体经济组织 Township collective",
    "Y1": "其他 Other",
}


class UsccReason(StrEnum):
    """Why a text is not a unified social credit code."""

    length = "length"
    characters = "characters"
    shape = "shape"
    check = "check"
    organisation_check = "organisation-check"


_SENTENCES: dict[UsccReason, tuple[str, str]] = {
    UsccReason.length: ("统一社会信用代码应为18位", "A unified social credit code has 18 characters"),
    UsccReason.characters: (
        "统一社会信用代码只含数字和大写字母（不含I、O、S、V、Z）",
        "A unified social credit code is made of digits and capital letters without I, O, S, V and Z",
    ),
    UsccReason.shape: (
        "统一社会信用代码的登记管理部门或行政区划部分有误",
        "The registrar or the division within the unified social credit code is wrong",
    ),
    UsccReason.check: (
        "统一社会信用代码校验位不符，请核对",
        "The check character of the unified social credit code does not fit",
    ),
    UsccReason.organisation_check: (
        "统一社会信用代码中的组织机构代码校验位不符，请核对",
        "The check character of the organisation code within the unified social credit code does not fit",
    ),
}


class InvalidUscc(IdentifierError):
    """A text is not a unified social credit code; `reason` is a UsccReason."""

    kind = "uscc"

    def __init__(self, reason: UsccReason) -> None:
        super().__init__(reason, *_SENTENCES[reason])


@dataclass(frozen=True, slots=True)
class Uscc:
    """A unified social credit code whose outer check fits.

    `organisation_check_fits` is False only where `parse` was told to be lenient: GB 11714's own check at character 17
    fails in some records that registries really hold.
    """

    code: str
    organisation_check_fits: bool = True

    def __str__(self) -> str:
        return self.code

    @property
    def registrar(self) -> str:
        """Who registers such bodies, Chinese then English."""
        return REGISTRARS[self.code[0]]

    @property
    def category(self) -> str | None:
        """What kind of body it is, Chinese then English; None where the standard's table that we have names none."""
        return CATEGORIES.get(self.code[:2])

    @property
    def division_code(self) -> str:
        """Six digits of GB/T 2260: where it was registered, by the codes of that day (100000 for the whole country)."""
        return self.code[2:8]

    @property
    def organisation_code(self) -> str:
        """The nine characters of GB 11714, without the hyphen."""
        return self.code[8:17]


def check_character(first_17: str) -> str:
    """Character 18 that GB 32100 demands after the first 17, each of its alphabet."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first_17, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def organisation_check_character(first_8: str) -> str:
    """The check character that GB 11714 demands after the first 8 of an organisation code."""
    total = sum(int(character, 36) * weight for character, weight in zip(first_8, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def parse(text: str, *, strict: bool = True) -> Uscc:
    """Read a unified social credit code; small letters become capitals, nothing else is mended.

    Strict refuses a wrong inner check (new entries); lenient keeps it and says so in the value (imports).
    The place in characters 3-8 is never looked up: codes stay what they were when divisions change.
    Raises InvalidUscc.
    """
    code = text.upper() if _WRITTEN.fullmatch(text) else text
    if len(code) != 18:
        raise InvalidUscc(UsccReason.length)
    if any(character not in ALPHABET for character in code):
        raise InvalidUscc(UsccReason.characters)
    if not _SHAPE.fullmatch(code):
        raise InvalidUscc(UsccReason.shape)
    if check_character(code[:17]) != code[17]:
        raise InvalidUscc(UsccReason.check)
    fits = organisation_check_character(code[8:16]) == code[16]
    if strict and not fits:
        raise InvalidUscc(UsccReason.organisation_check)
    return Uscc(code, fits)


def lenient(text: str) -> Uscc:
    """`parse` for imports and look-ups: a wrong inner check is kept and flagged. Raises InvalidUscc."""
    return parse(text, strict=False)


def valid(text: str, *, strict: bool = True) -> bool:
    """Whether `text` is a unified social credit code."""
    try:
        parse(text, strict=strict)
    except InvalidUscc:
        return False
    return True


def mask(text: str) -> str:
    """The code with its organisation part hidden, `91131102******3K94`; of any other text, its length alone."""
    return f"{text[:8]}******{text[14:]}" if valid(text, strict=False) else "*" * len(text)
