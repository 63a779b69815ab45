"""Sample licence types and licences: a health certificate of the citizen, a food permit of the representative's firm.

The codes follow GB/T 36904 and are invented below the real ministry's; everything says that it is a sample.
"""

from datetime import timedelta

from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.licences.domain import FieldKind, HolderKind
from data_hub.licences.models import LicenceRow, TypeRow
from data_hub.licences.schemas import FieldDraft, LicenceDraft, Organisation, Person, Template, TypeDraft
from data_hub.licences.service import Licences

MARKET = "11131100MB0H00057C"
MARKET_NAME = "衡水市市场监督管理局"
ISSUER = Actor("data-hub", ActorKind.service, department=MARKET)
HEALTH, FOOD = "11100000MB0143028R901", "11100000MB0143028R902"
CITIZEN = Person(name="李秀英", id_number="131102198503150049")
FIRM = Organisation(name="衡水示例橡塑制品有限公司", uscc="91131102MA07XY3K94")

TYPES = (
    TypeDraft(
        code=HEALTH, name_zh="从业人员健康证明（示例）", name_en="Health certificate of employees (sample)",
        department=MARKET, department_name=MARKET_NAME, holder_kind=HolderKind.person, one_per_holder=True,
        valid_months=12,
        renew_before_days=60, renew_after_days=0,
        fields=[
            FieldDraft(name="trade", title="从业类别", kind=FieldKind.code, codes=["食品", "公共场所", "托幼"]),
            FieldDraft(name="examined_on", title="体检日期", kind=FieldKind.date),
            FieldDraft(name="clinic", title="体检机构", required=False),
        ],
        template=Template(
            title="{type_name}", lines=["{holder_name}于{examined_on}经健康检查合格，准予从事{trade}行业工作。"]
        ),
    ),
    TypeDraft(
        code=FOOD, name_zh="食品经营许可证（示例）", name_en="Food business permit (sample)",
        department=MARKET, department_name=MARKET_NAME, holder_kind=HolderKind.organisation, valid_months=60,
        renew_before_days=90, renew_after_days=0,
        fields=[
            FieldDraft(name="business", title="主体业态", kind=FieldKind.code, codes=["餐饮服务", "单位食堂"]),
            FieldDraft(name="items", title="经营项目"),
            FieldDraft(name="address", title="经营场所"),
        ],
        template=Template(
            title="{type_name}", lines=["{holder_name}：经审查，准予在{address}从事{business}，经营项目：{items}。"]
        ),
    ),
)  # fmt: skip


async def load_licences(work: Work) -> None:
    """Make the sample types and a licence of each; what is there stays."""
    acts = Licences(work)
    for draft in TYPES:
        if await work.session.get(TypeRow, draft.code) is None:
            await acts.make_type(draft, by=ISSUER)
    first = acts.today - timedelta(days=30)
    drafts = (
        LicenceDraft(
            type_code=HEALTH, person=CITIZEN, valid_from=first,
            claims={"trade": "食品", "examined_on": first.isoformat(), "clinic": "衡水市示例体检中心"},
        ),
        LicenceDraft(
            type_code=FOOD, organisation=FIRM, valid_from=first,
            claims={"business": "单位食堂", "items": "热食类食品制售", "address": "河北省衡水市桃城区示例工业园1号"},
        ),
    )  # fmt: skip
    for licence in drafts:
        known = select(LicenceRow.id).where(LicenceRow.type_code == licence.type_code).limit(1)
        if await work.session.scalar(known) is None:
            await acts.issue(licence, by=ISSUER)
