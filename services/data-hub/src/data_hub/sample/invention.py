"""Invents persons and legal entities, the same ones for the same number, with numbers valid by their standards."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from uuid import UUID

from citykit.identifiers import gb11643, gb32100

COUNTIES = (
    "131102", "131103", "131121", "131122", "131123", "131124", "131125", "131126", "131127", "131128", "131182",
)  # fmt: skip
_COUNTY_NAMES = ("桃城", "冀州", "枣强", "武邑", "武强", "饶阳", "安平", "故城", "景县", "阜城", "深州")
_SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文志新春梅海燕晓宁思远子涵梓轩浩然雨欣"
_TRADES = (
    "橡塑制品", "丝网制品", "工程橡胶", "玻璃钢", "皮毛制品", "白酒", "食品", "机械", "商贸", "物流", "建筑", "农产品",
)  # fmt: skip
_FORMS = (
    ("91", "limited-company", "有限公司"), ("92", "individual-business", "经营部"),
    ("93", "farmers-cooperative", "农民专业合作社"), ("91", "joint-stock-company", "股份有限公司"),
    ("52", "private-non-enterprise", "服务中心"),
)  # fmt: skip
_LATEST_BIRTH = date(2025, 12, 31)
_BIRTH_DAYS = 33_000  # about ninety years; with eleven counties and 899 sequences far more numbers than persons
_ORGANISATION = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PERSONS = 0x01890000_0001_7000_8000_000000000000


@dataclass(frozen=True, slots=True)
class Invented:
    """An invented person."""

    person: UUID
    name: str
    id_number: str
    sex: str
    birth_date: date
    county: str
    phone: str


@dataclass(frozen=True, slots=True)
class InventedEntity:
    """An invented legal entity."""

    uscc: str
    name: str
    former_name: str | None
    legal_form: str
    county: str
    state: str
    established_on: date
    renamed_on: date
    ceased_on: date
    representative_name: str
    capital_fen: int


def person_id(number: int) -> UUID:
    """The registry's number of the invented person `number` (from 0)."""
    return UUID(int=_PERSONS + number)


def _name(draw: Random) -> str:
    given = draw.choice(_GIVEN) + (draw.choice(_GIVEN) if draw.random() < 0.8 else "")
    return draw.choice(_SURNAMES) + given


def invent_person(number: int) -> Invented:
    """The invented person `number`. County, day and sequence together are different for each number."""
    draw = Random(number)  # noqa: S311 - nothing secret is drawn
    county = COUNTIES[number % len(COUNTIES)]
    turn, day = divmod(number // len(COUNTIES), _BIRTH_DAYS)
    born = _LATEST_BIRTH - timedelta(days=day * 7919 % _BIRTH_DAYS)
    first_17 = f"{county}{born:%Y%m%d}{100 + turn:03d}"  # the personas stand below 100
    code = first_17 + gb11643.check_character(first_17)
    sex = "male" if int(code[16]) % 2 else "female"
    return Invented(person_id(number), _name(draw), code, sex, born, county, f"138{number % 100_000_000:08d}")


def _organisation(number: int) -> str:
    """Eight characters that no real organisation has at the same place: they begin with 0H."""
    text = ""
    for _ in range(6):
        number, digit = divmod(number, len(_ORGANISATION))
        text = _ORGANISATION[digit] + text
    return "0H" + text


def invent_entity(number: int) -> InventedEntity:
    """The invented legal entity `number` (from 0)."""
    draw = Random(-1 - number)  # noqa: S311 - nothing secret is drawn
    place = number % len(COUNTIES)
    kind, form, ending = draw.choice(_FORMS)
    organisation = _organisation(number)
    first_17 = f"{kind}{COUNTIES[place]}{organisation}{gb32100.organisation_check_character(organisation)}"
    word = "".join(draw.choice(_GIVEN) for _ in range(2))
    head = f"衡水{_COUNTY_NAMES[place]}{word}"
    established = date(1996, 6, 1) + timedelta(days=draw.randrange(10_000))
    renamed = established + timedelta(days=1 + draw.randrange(300))
    state = draw.choices(("active", "suspended", "revoked", "deregistered"), (85, 2, 3, 10))[0]
    return InventedEntity(
        uscc=first_17 + gb32100.check_character(first_17),
        name=f"{head}{draw.choice(_TRADES)}{ending}",
        former_name=f"{head}{draw.choice(_TRADES)}{ending}（旧）" if draw.random() < 0.1 else None,
        legal_form=form,
        county=COUNTIES[place],
        state=state,
        established_on=established,
        renamed_on=renamed,
        ceased_on=renamed + timedelta(days=1 + draw.randrange(300)),
        representative_name=_name(draw),
        capital_fen=draw.randrange(1, 5000) * 1_000_000,
    )
