"""Limits as data: what other cities promise, with the document each comes from.

Hengshui has published no limits of its own for requests of firms, so each kind of request names the profile that it
borrows. They stand in the database (`sla_profiles`), where the city can change them without a release; a request keeps
the limits it was promised.
"""

from typing import NamedTuple

from sqlalchemy.dialects.postgresql import insert

from citykit.work import Work
from enterprise.requests.deadlines import Unit
from enterprise.requests.models import CategoryRow, LimitRow, ProfileRow


class Step(NamedTuple):
    """One limit of a profile; its level says who hears of a breach: 1 the department, 4 the city's supervision."""

    kind: str
    amount: int
    unit: Unit
    level: int


PROFILES: dict[str, tuple[str, str, tuple[Step, ...]]] = {
    "standard": (
        "接诉即办 Standard",
        "山东省企业诉求“接诉即办”：1、3、15 个工作日，延期至 30 个工作日并督办（示例口径）",
        (
            Step("contact", 1, Unit.days, 1),
            Step("plan", 3, Unit.days, 2),
            Step("resolve", 15, Unit.days, 3),
            Step("extended", 30, Unit.days, 4),
        ),
    ),
    "brisk": (
        "限时快办 Brisk",
        "枣庄市企业诉求办理：1、2、10 个工作日，延期至 25 个工作日（示例口径）",
        (
            Step("contact", 1, Unit.days, 1),
            Step("plan", 2, Unit.days, 2),
            Step("resolve", 10, Unit.days, 3),
            Step("extended", 25, Unit.days, 4),
        ),
    ),
    "urgent": (
        "一小时响应 Urgent",
        "中山市企业诉求办理：1 小时响应、3 个工作日方案、5 个工作日办结，逾期滚动跟进（示例口径）",
        (
            Step("contact", 60, Unit.minutes, 1),
            Step("plan", 3, Unit.days, 2),
            Step("resolve", 5, Unit.days, 3),
            Step("extended", 10, Unit.days, 4),
        ),
    ),
}
MINIMUM_AGE_MINUTES = 120  # two working hours: nothing is escalated before anybody could have read it

CATEGORIES: tuple[tuple[str, str, str, str], ...] = (
    ("supply", "水电气热与生产要素", "Water, power, gas, heat", "urgent"),
    ("approval", "审批服务与证照", "Approvals and licences", "brisk"),
    ("policy", "政策咨询与兑现", "Policies and their payment", "standard"),
    ("financing", "融资服务", "Financing", "standard"),
    ("labour", "用工与人才", "Labour and talent", "standard"),
    ("land", "用地与工程建设", "Land and construction", "standard"),
    ("environment", "生态环境与安全生产", "Environment and safety", "brisk"),
    ("fairness", "执法与公平竞争", "Enforcement and fair competition", "brisk"),
    ("other", "其他", "Other", "standard"),
)


async def load_reference(work: Work) -> None:
    """Put profiles and kinds of request into the database where they are missing; what the city changed stays."""
    for code, (name, source, steps) in PROFILES.items():
        profile = {"code": code, "name": name, "source": source, "minimum_age_minutes": MINIMUM_AGE_MINUTES}
        await work.session.execute(insert(ProfileRow).values(profile).on_conflict_do_nothing())
        rows = [{"profile_code": code, "position": n, **step._asdict()} for n, step in enumerate(steps, start=1)]
        await work.session.execute(insert(LimitRow).values(rows).on_conflict_do_nothing())
    kinds = [
        {"code": code, "name": name, "name_en": english, "position": n, "profile_code": profile}
        for n, (code, name, english, profile) in enumerate(CATEGORIES, start=1)
    ]
    await work.session.execute(insert(CategoryRow).values(kinds).on_conflict_do_nothing())
