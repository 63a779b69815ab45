"""The rules of a firm file, without I/O: which firms still live, and the size class 划型 of a firm.

The size class follows 工信部联企业〔2011〕300号 as the statistics bureau applies it. Its table counts revenue and
assets in 万元; this module takes integer fen (1 万元 = 1,000,000 fen), so that no sum is ever rounded.
"""

from enum import StrEnum
from typing import NamedTuple

FEN_PER_WAN = 1_000_000

# States of a legal entity in which it no longer acts: 注销 and 吊销. Any other state (歇业, 迁出, and what the registry
# may add later) counts as living, so that no firm is shut out by accident.
CEASED_STATES = frozenset({"deregistered", "revoked"})


def has_ceased(state: str) -> bool:
    """Whether a firm in the registry's `state` has ceased and can no longer be bound or ask."""
    return state in CEASED_STATES


class Industry(StrEnum):
    """The sixteen industries that the size-class table knows, named after the rule of 2011."""

    agriculture = "agriculture"  # 农、林、牧、渔业
    industry = "industry"  # 工业
    construction = "construction"  # 建筑业
    wholesale = "wholesale"  # 批发业
    retail = "retail"  # 零售业
    transport = "transport"  # 交通运输业
    warehousing = "warehousing"  # 仓储业
    post = "post"  # 邮政业
    accommodation = "accommodation"  # 住宿业
    catering = "catering"  # 餐饮业
    telecommunications = "telecommunications"  # 信息传输业
    software = "software"  # 软件和信息技术服务业
    real_estate = "real-estate"  # 房地产开发经营
    property_management = "property-management"  # 物业管理
    leasing_and_business = "leasing-and-business"  # 租赁和商务服务业
    other = "other"  # 其他未列明行业


class SizeClass(StrEnum):
    """大型, 中型, 小型, 微型, from the largest to the smallest."""

    large = "large"
    medium = "medium"
    small = "small"
    micro = "micro"


class Bounds(NamedTuple):
    """Lower bounds (large, medium, small) of one measure."""

    large: int
    medium: int
    small: int


class Measures(NamedTuple):
    """What an industry is measured by: staff (persons), revenue and assets (万元); None where it does not count."""

    staff: Bounds | None
    revenue: Bounds | None
    assets: Bounds | None


_FEW = Bounds(300, 100, 10)
TABLE: dict[Industry, Measures] = {
    Industry.agriculture: Measures(None, Bounds(20_000, 500, 50), None),
    Industry.industry: Measures(Bounds(1_000, 300, 20), Bounds(40_000, 2_000, 300), None),
    Industry.construction: Measures(None, Bounds(80_000, 6_000, 300), Bounds(80_000, 5_000, 300)),
    Industry.wholesale: Measures(Bounds(200, 20, 5), Bounds(40_000, 5_000, 1_000), None),
    Industry.retail: Measures(Bounds(300, 50, 10), Bounds(20_000, 500, 100), None),
    Industry.transport: Measures(Bounds(1_000, 300, 20), Bounds(30_000, 3_000, 200), None),
    Industry.warehousing: Measures(Bounds(200, 100, 20), Bounds(30_000, 1_000, 100), None),
    Industry.post: Measures(Bounds(1_000, 300, 20), Bounds(30_000, 2_000, 100), None),
    Industry.accommodation: Measures(_FEW, Bounds(10_000, 2_000, 100), None),
    Industry.catering: Measures(_FEW, Bounds(10_000, 2_000, 100), None),
    Industry.telecommunications: Measures(Bounds(2_000, 100, 10), Bounds(100_000, 1_000, 100), None),
    Industry.software: Measures(_FEW, Bounds(10_000, 1_000, 50), None),
    Industry.real_estate: Measures(None, Bounds(200_000, 1_000, 100), Bounds(10_000, 5_000, 2_000)),
    Industry.property_management: Measures(Bounds(1_000, 300, 100), Bounds(5_000, 1_000, 500), None),
    Industry.leasing_and_business: Measures(_FEW, None, Bounds(120_000, 8_000, 100)),
    Industry.other: Measures(_FEW, None, None),
}


def missing_measures(
    industry: Industry, *, staff: int | None, revenue_fen: int | None, assets_fen: int | None
) -> tuple[str, ...]:
    """The names of the measures that the industry is judged by and that are not declared."""
    wanted = TABLE[industry]
    declared = (
        ("staff", wanted.staff, staff),
        ("revenue_fen", wanted.revenue, revenue_fen),
        ("assets_fen", wanted.assets, assets_fen),
    )
    return tuple(name for name, bounds, value in declared if bounds is not None and value is None)


def size_class(
    industry: Industry, *, staff: int | None, revenue_fen: int | None, assets_fen: int | None
) -> SizeClass | None:
    """The size class of a firm, or None while a measure that its industry needs is not declared.

    Large, medium and small want every bound of the row; where one is missed the firm falls to the next class, and
    what meets no class is micro. Staff in persons, money in fen.
    """
    if missing_measures(industry, staff=staff, revenue_fen=revenue_fen, assets_fen=assets_fen):
        return None
    wanted = TABLE[industry]
    judged = (
        (wanted.staff, staff, 1),
        (wanted.revenue, revenue_fen, FEN_PER_WAN),
        (wanted.assets, assets_fen, FEN_PER_WAN),
    )
    for place, reached in enumerate((SizeClass.large, SizeClass.medium, SizeClass.small)):
        if all((value or 0) >= bounds[place] * unit for bounds, value, unit in judged if bounds is not None):
            return reached
    return SizeClass.micro


class Standing(NamedTuple):
    """A firm as other slices see it once they know that a person may act for it."""

    uscc: str
    name: str
    division_code: str | None
    ceased: bool
