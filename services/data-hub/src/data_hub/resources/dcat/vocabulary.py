"""Words that DCAT-AP takes from the EU's authority tables, as nodes that say what they are and where they belong."""

from typing import Any

from data_hub.resources.domain import Licence, UpdateCycle
from data_hub.resources.themes import THEMES, Theme

Node = dict[str, Any]
AUTHORITY = "http://publications.europa.eu/resource/authority"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#", "csvw": "http://www.w3.org/ns/csvw#", "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/", "foaf": "http://xmlns.com/foaf/0.1/", "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#", "xsd": "http://www.w3.org/2001/XMLSchema#",
}  # fmt: skip
_FREQUENCIES = {
    UpdateCycle.realtime: ("UPDATE_CONT", "实时"), UpdateCycle.hourly: ("HOURLY", "每小时"),
    UpdateCycle.daily: ("DAILY", "每日"), UpdateCycle.weekly: ("WEEKLY", "每周"),
    UpdateCycle.monthly: ("MONTHLY", "每月"), UpdateCycle.quarterly: ("QUARTERLY", "每季度"),
    UpdateCycle.half_yearly: ("ANNUAL_2", "每半年"), UpdateCycle.yearly: ("ANNUAL", "每年"),
    UpdateCycle.irregular: ("IRREG", "不定期"), UpdateCycle.never: ("NEVER", "不更新"),
}  # fmt: skip
_LICENCES = {
    Licence.attribution: "CC_BY_4_0", Licence.none_reserved: "CC0", Licence.data_attribution: "ODC_BY",
}  # fmt: skip
_THEME_NAMES = {
    "AGRI": "农业、渔业、林业和食品", "ECON": "经济和金融", "EDUC": "教育、文化和体育", "ENER": "能源", "ENVI": "环境",
    "GOVE": "政府和公共部门", "HEAL": "卫生", "JUST": "司法、法律制度和公共安全", "REGI": "区域和城市",
    "SOCI": "人口和社会",
    "TECH": "科学和技术", "TRAN": "交通",
}  # fmt: skip


def said(chinese: str, english: str | None = None) -> list[Node]:
    """A text in Chinese, and in English where there is one."""
    texts = [{"@value": chinese, "@language": "zh"}]
    return texts if english is None else [*texts, {"@value": english, "@language": "en"}]


def moment(iso: str) -> Node:
    """A point in time."""
    return {"@value": iso, "@type": "xsd:dateTime"}


def _word(table: str, code: str, kind: str, label: str) -> Node:
    return {
        "@id": f"{AUTHORITY}/{table}/{code}", "@type": ["skos:Concept", kind], "skos:prefLabel": said(label),
        "skos:inScheme": {"@id": f"{AUTHORITY}/{table}"},
    }  # fmt: skip


def chinese() -> Node:
    """The language of the catalogue."""
    return _word("language", "ZHO", "dct:LinguisticSystem", "中文")


def public() -> Node:
    """Access rights: everybody."""
    return _word("access-right", "PUBLIC", "dct:RightsStatement", "公开")


def lasting() -> Node:
    """Availability: for years."""
    return _word("planned-availability", "AVAILABLE", "skos:Concept", "长期提供")


def frequency(cycle: UpdateCycle) -> Node:
    """更新周期."""
    code, label = _FREQUENCIES[cycle]
    return _word("frequency", code, "dct:Frequency", label)


def licence(of: Licence) -> Node | None:
    """The licence document, None where none is stated."""
    code = _LICENCES.get(of)
    return None if code is None else _word("licence", code, "dct:LicenseDocument", of.value)


def theme(of: Theme) -> Node:
    """领域, as the EU's data theme."""
    code = THEMES[of][2]
    return _word("data-theme", code, "skos:Concept", _THEME_NAMES[code])


def file_type(code: str) -> Node:
    """A file format: CSV, JSON."""
    return _word("file-type", code, "dct:MediaTypeOrExtent", code)


def media_type(name: str) -> Node:
    """A registered media type."""
    return {"@id": f"https://www.iana.org/assignments/media-types/{name}", "@type": "dct:MediaType"}


def theme_taxonomy() -> Node:
    """The scheme of the themes."""
    return {
        "@id": f"{AUTHORITY}/data-theme", "@type": "skos:ConceptScheme", "dct:title": said("数据主题", "Data theme"),
    }  # fmt: skip
