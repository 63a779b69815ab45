"""The descriptions of the sample's directory: who provides what, with which items, on which terms."""

from dataclasses import dataclass
from typing import Any

from data_hub.resources.domain import CREDIT_RECORDS, DIVISIONS, LEGAL_ENTITIES, LICENCES, POPULATION, Licence

DATA, URBAN, ECOLOGY = "11131100MB0H00014Y", "11131100MB0H00022R", "11131100MB0H00030L"
POLICE, MARKET, HOUSING = "11131100MB0H00049H", "11131100MB0H00057C", "11131100MB0H000732"
HEALTH = "11131100MB0H00081W"
NAMES = {
    DATA: "衡水市数据和政务服务局", URBAN: "衡水市城市管理综合行政执法局", ECOLOGY: "衡水市生态环境局",
    POLICE: "衡水市公安局", MARKET: "衡水市市场监督管理局", HOUSING: "衡水市住房和城乡建设局",
    HEALTH: "衡水市卫生健康委员会",
}  # fmt: skip
AIR = "203001-000001"
PERMITS = "203003-000001"
IN_REVIEW = "304002-000001"
SHARING = "《政务数据共享条例》（国务院令第809号）"
PRIVACY = "《中华人民共和国个人信息保护法》第三十四条"
Item = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """A resource of the sample city."""

    code: str
    provider: str
    name: str
    name_en: str
    summary: str
    summary_en: str
    theme: str
    tags: tuple[str, ...]
    items: tuple[Item, ...]
    key: tuple[str, ...]
    cycle: str
    share: str = "unconditional"
    opening: str = "opened"
    basis: str | None = None
    condition: str | None = None
    open_condition: str | None = None

    @property
    def provider_name(self) -> str:
        """The department's name."""
        return NAMES[self.provider]

    @property
    def licence(self) -> Licence:
        """On what terms society has it."""
        return Licence.attribution if self.opening == "opened" else Licence.unstated


def _item(name: str, title: str, english: str, kind: str = "string", **more: Any) -> Item:
    return {"name": name, "title": title, "title_en": english, "type": kind, **more}


def _must(name: str, title: str, english: str, kind: str = "string", **more: Any) -> Item:
    return _item(name, title, english, kind, required=True, **more)


def _measured(name: str, title: str, english: str, unit: str = "µg/m³", most: str = "2000") -> Item:
    return _item(name, title, english, "number", unit=unit, rules=({"kind": "range", "minimum": "0", "maximum": most},))


_USCC = _must(
    "uscc", "统一社会信用代码", "Unified social credit code", rules=({"kind": "check-digit", "scheme": "gb32100"},)
)
_DIVISION = _item("division", "行政区划代码", "Division", rules=({"kind": "check-digit", "scheme": "gbt2260"},))
_FIRM = _item("firm", "单位名称", "Organisation")

RESOURCES = (
    Sample(
        POPULATION, POLICE, "人口基础信息", "Population", "全市户籍和常住人口的基础信息",
        "Persons of the city's registry",
        "population", ("人口", "基础库"),
        (
            _must("id_number", "公民身份号码", "Citizen number", sensitivity="personal",
                  rules=({"kind": "check-digit", "scheme": "gb11643"},)),
            _must("name", "姓名", "Name", sensitivity="personal"),
            _item("birth_date", "出生日期", "Date of birth", "date", sensitivity="personal"),
            _item("division", "行政区划代码", "Division", sensitivity="personal"),
        ),
        ("id_number",), "daily", "conditional", "closed", PRIVACY, "用于法定职责，逐次说明用途",
    ),
    Sample(
        LEGAL_ENTITIES, MARKET, "法人单位基础信息", "Legal entities", "在衡水市登记的法人和非法人组织的基础信息",
        "Organisations registered in the city", "market", ("法人", "基础库", "登记"),
        (_USCC, _must("name", "名称", "Name"), _item("status", "登记状态", "Status"), _DIVISION),
        ("uscc",), "daily", opening="conditional", open_condition="按企业信用信息公示的范围查询",
    ),
    Sample(
        DIVISIONS, DATA, "行政区划", "Administrative divisions", "衡水市县、乡、村三级行政区划代码、名称和位置",
        "Counties, townships and villages with codes, names and places", "geography", ("区划", "基础库"),
        (_must("code", "行政区划代码", "Code"), _must("name", "名称", "Name"), _item("parent", "上级代码", "Parent")),
        ("code",), "yearly",
    ),
    Sample(
        CREDIT_RECORDS, DATA, "公共信用信息", "Credit records of firms", "企业行政处罚、守信激励等公共信用信息",
        "Penalties and honours of firms", "credit", ("信用", "基础库"),
        (_USCC, _must("kind", "信息类别", "Kind"), _item("decided_on", "决定日期", "Date", "date")),
        (), "daily", opening="conditional", open_condition="在公示期内按法人查询",
    ),
    Sample(
        LICENCES, DATA, "电子证照目录", "Electronic licences", "全市签发的电子证照及其状态",
        "Licences issued and their status",
        "life", ("证照", "基础库"),
        (
            _must("number", "证照编号", "Number", sensitivity="personal"), _must("kind", "证照类型", "Type"),
            _item("status", "状态", "Status"),
        ),
        ("number",), "realtime", "conditional", "closed", PRIVACY, "经持证主体授权，用于办理具体事项",
    ),
    Sample(
        AIR, ECOLOGY, "空气质量小时数据", "Hourly air quality",
        "国控站点每小时的空气质量监测结果，站点位置为WGS 84经纬度",
        "Hourly results of the national monitoring stations", "environment", ("空气", "监测", "环境"),
        (
            _must("station", "站点编码", "Station code"), _item("station_name", "站点名称", "Station"),
            _must("hour", "监测时间", "Hour, at its end", "datetime"),
            _item("aqi", "空气质量指数", "Air quality index", "integer",
                  rules=({"kind": "range", "minimum": "0", "maximum": "500"},)),
            _item("primary_pollutant", "首要污染物", "Primary pollutant"),
            _measured("pm10", "可吸入颗粒物", "PM10"), _measured("pm2_5", "细颗粒物", "PM2.5"),
            _measured("so2", "二氧化硫", "SO2"), _measured("no2", "二氧化氮", "NO2"),
            _measured("co", "一氧化碳", "CO", "mg/m³", "200"), _measured("o3", "臭氧", "O3"),
            _item("longitude", "经度", "Longitude", "number", unit="°"),
            _item("latitude", "纬度", "Latitude", "number", unit="°"),
        ),
        ("station", "hour"), "hourly",
    ),
    Sample(
        "203002-000001", ECOLOGY, "地表水断面水质", "Surface water", "国省控地表水断面每月的水质类别和主要指标",
        "Monthly classes of river sections", "environment", ("水质", "监测", "环境"),
        (
            _must("section", "断面名称", "Section"), _must("month", "监测月份", "Month", "date"),
            _item("water_class", "水质类别", "Class",
                  rules=({"kind": "codes", "values": ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ"), "list_name": "GB 3838"},)),
        ),
        ("section", "month"), "monthly",
    ),
    Sample(
        PERMITS, ECOLOGY, "固定污染源排污许可", "Pollution permits", "排污单位的许可内容、有效期和管理类别",
        "Permits of polluting firms", "environment", ("排污", "许可"),
        (
            _USCC, _FIRM, _must("permit", "许可证编号", "Permit"),
            _item("valid_until", "有效期至", "Valid until", "date"),
            _item("limit", "许可排放量", "Permitted amount", "number", unit="t/a", sensitivity="internal"),
        ),
        ("permit",), "weekly", "conditional", "closed", SHARING, "用于行政执法和项目审批",
    ),
    Sample(
        "303001-000001", HOUSING, "建筑工地扬尘监测点位", "Construction sites",
        "在建工地名称、位置、施工单位和监测设备",
        "Building sites and their dust monitors", "housing", ("工地", "扬尘"),
        (
            _must("site", "工地编号", "Site"), _item("name", "工地名称", "Name"),
            _item("builder", "施工单位", "Builder"),
            _item("division", "行政区划代码", "Division"),
            _item("contact", "负责人电话", "Telephone", sensitivity="personal"),
        ),
        ("site",), "weekly", "conditional", "closed", SHARING, "用于扬尘治理",
    ),
    Sample(
        "303002-000001", HOUSING, "建筑业企业资质", "Qualifications of builders", "建筑业企业资质类别、等级和有效期",
        "Classes and grades of building firms", "housing", ("资质", "企业"),
        (_USCC, _FIRM, _must("category", "资质类别", "Category"), _item("grade", "等级", "Grade")),
        ("uscc", "category"), "monthly",
    ),
    Sample(
        "301001-000001", MARKET, "双随机抽查结果", "Random inspections", "市场监管双随机抽查的对象、事项和结果",
        "Whom the market inspectors visited and what they found", "market", ("监管", "抽查"),
        (_USCC, _FIRM, _must("inspected_on", "抽查日期", "Date", "date"), _item("result", "抽查结果", "Result")),
        ("uscc", "inspected_on"), "monthly", opening="conditional", open_condition="按抽查计划公示",
    ),
    Sample(
        "302001-000001", DATA, "12345热线诉求统计", "Hotline statistics", "便民热线每月诉求量、办结率和热点类别",
        "Monthly requests, completion and topics of the hotline", "life", ("热线", "统计"),
        (
            _must("month", "月份", "Month", "date"), _must("category", "诉求类别", "Category"),
            _item("taken", "受理量", "Taken", "integer"), _item("closed_share", "办结率", "Closed", "number", unit="%"),
        ),
        ("month", "category"), "monthly",
    ),
    Sample(
        "304001-000001", URBAN, "城市公园绿地", "Parks", "城市公园名称、面积、开放时间和位置",
        "Parks with area and hours",
        "housing", ("公园", "绿地"),
        (_must("park", "公园名称", "Park"), _item("area", "面积", "Area", "number", unit="hm²"), _DIVISION),
        ("park",), "yearly",
    ),
    Sample(
        "306001-000001", HEALTH, "医疗机构名录", "Medical institutions", "全市医疗机构名称、级别、地址和诊疗科目",
        "Hospitals and clinics with grade and departments", "health", ("医院", "机构"),
        (_must("name", "机构名称", "Name"), _item("grade", "级别", "Grade"), _item("address", "地址", "Address")),
        ("name",), "quarterly",
    ),
    Sample(
        "305001-000001", POLICE, "案件侦办信息", "Criminal cases", "刑事案件侦办过程信息", "Cases under investigation",
        "public-safety", ("案件",), (_must("case_number", "案件编号", "Case", sensitivity="secret"),), ("case_number",),
        "daily", "refused", "closed", "《中华人民共和国保守国家秘密法》",
    ),
    Sample(
        IN_REVIEW, URBAN, "城市照明设施", "Street lights", "路灯编号、位置和运行状态", "Street lights and their state",
        "housing", ("路灯", "照明"),
        (_must("lamp", "路灯编号", "Lamp"), _item("state", "状态", "State")), ("lamp",), "monthly",
    ),
)  # fmt: skip
