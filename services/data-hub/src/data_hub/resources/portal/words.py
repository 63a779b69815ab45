"""What the values of the directory are called on its pages: Chinese first, English second."""

from collections.abc import Mapping

from data_hub.datasets.domain import ColumnType
from data_hub.resources.domain import Format, Licence, Opening, ResourceClass, ShareType, UpdateCycle
from data_hub.resources.quality import Sensitivity
from data_hub.resources.themes import THEMES

Pair = tuple[str, str]
CLASSES: dict[str, Pair] = {
    ResourceClass.basic: ("基础信息资源", "Basic"), ResourceClass.theme: ("主题信息资源", "Thematic"),
    ResourceClass.department: ("部门信息资源", "Departmental"),
}  # fmt: skip
FIELDS: dict[str, Pair] = {theme: (chinese, english) for theme, (chinese, english, _) in THEMES.items()}
CYCLES: dict[str, Pair] = {
    UpdateCycle.realtime: ("实时", "Real time"), UpdateCycle.hourly: ("每小时", "Hourly"),
    UpdateCycle.daily: ("每日", "Daily"), UpdateCycle.weekly: ("每周", "Weekly"),
    UpdateCycle.monthly: ("每月", "Monthly"), UpdateCycle.quarterly: ("每季度", "Quarterly"),
    UpdateCycle.half_yearly: ("每半年", "Half-yearly"), UpdateCycle.yearly: ("每年", "Yearly"),
    UpdateCycle.irregular: ("不定期", "Irregular"), UpdateCycle.never: ("不更新", "Never"),
}  # fmt: skip
FORMATS: dict[str, Pair] = {
    Format.database: ("数据库", "Database"), Format.spreadsheet: ("电子表格", "Spreadsheet"),
    Format.document: ("电子文件", "Document"), Format.graphics: ("图形图像", "Graphics"),
    Format.media: ("流媒体", "Media"), Format.self_described: ("自描述格式", "Self-described"),
}  # fmt: skip
SHARES: dict[str, Pair] = {
    ShareType.unconditional: ("无条件共享", "Shared without condition"),
    ShareType.conditional: ("有条件共享", "Shared on conditions"), ShareType.refused: ("不予共享", "Not shared"),
}  # fmt: skip
OPENINGS: dict[str, Pair] = {
    Opening.opened: ("无条件开放", "Open to everybody"), Opening.conditional: ("有条件开放", "Open on conditions"),
    Opening.closed: ("不予开放", "Not open"),
}  # fmt: skip
LICENCES: dict[str, Pair] = {
    Licence.unstated: ("未注明", "Not stated"),
    Licence.attribution: ("知识共享署名 4.0", "CC BY 4.0: use freely, name the source"),
    Licence.none_reserved: ("知识共享公共领域贡献", "CC0 1.0: use freely"),
    Licence.data_attribution: ("开放数据署名 1.0", "ODC-BY 1.0: use freely, name the source"),
}  # fmt: skip
TYPES: dict[str, Pair] = {
    ColumnType.string: ("文本", "text"), ColumnType.integer: ("整数", "integer"), ColumnType.number: ("数值", "number"),
    ColumnType.boolean: ("是否", "yes or no"), ColumnType.date: ("日期", "date"), ColumnType.datetime: ("时间", "time"),
}  # fmt: skip
SENSITIVITIES: dict[str, Pair] = {
    Sensitivity.public: ("公开", "public"), Sensitivity.internal: ("内部", "internal"),
    Sensitivity.personal: ("个人信息", "personal"), Sensitivity.secret: ("涉密", "secret"),
}  # fmt: skip
# What a description says, and how its values are called where a change of them is told in full.
SAID: dict[str, tuple[Pair, Mapping[str, Pair] | None]] = {
    "name": (("名称", "name"), {}), "name_en": (("英文名称", "English name"), {}),
    "summary": (("摘要", "summary"), None), "summary_en": (("英文摘要", "English summary"), None),
    "provider_name": (("提供部门", "provider"), {}), "source_department": (("数源部门", "source"), None),
    "source_department_name": (("数源部门", "source"), {}), "theme": (("领域", "theme"), FIELDS),
    "tags": (("标签", "tags"), None), "format": (("格式", "format"), FORMATS),
    "items": (("信息项顺序", "order of the items"), None), "key": (("主键", "key"), None),
    "share_type": (("共享类型", "sharing"), SHARES), "share_basis": (("共享依据", "basis of sharing"), None),
    "share_condition": (("共享条件", "condition of sharing"), None),
    "share_methods": (("共享方式", "ways of sharing"), None), "opening": (("开放属性", "opening"), OPENINGS),
    "open_condition": (("开放条件", "condition of opening"), None), "licence": (("许可", "licence"), LICENCES),
    "update_cycle": (("更新周期", "update cycle"), CYCLES), "related": (("相关资源", "related resources"), None),
    "contact": (("联系方式", "contact"), None),
}  # fmt: skip
ITEM = {
    "added": ("新增信息项", "new item"),
    "gone": ("取消信息项", "item given up"),
    "changed": ("修改信息项", "item changed"),
}
# The facets of the search page, in their order: the parameter, its heading, and what its values are called.
FACETS: tuple[tuple[str, Pair, Mapping[str, Pair]], ...] = (
    ("resource_class", ("分类", "Class"), CLASSES), ("theme", ("领域", "Theme"), FIELDS),
    ("provider", ("提供部门", "Provider"), {}), ("format", ("格式", "Format"), FORMATS),
    ("update_cycle", ("更新周期", "Update cycle"), CYCLES),
)  # fmt: skip
