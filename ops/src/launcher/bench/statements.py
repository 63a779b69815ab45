"""The statements of the measured endpoints, taken from the services at run time, so that both sides run the same SQL.

They are looked up by name: the launcher runs the services and does not depend on their code otherwise.
"""

from datetime import date
from importlib import import_module
from typing import Any

_ENTITIES = "data_hub.registries.legal_entities.repository"
_MATCHING = "data_hub.registries.legal_entities.matching"
_PERSONS = "data_hub.registries.population"
_DIRECTORY = "data_hub.resources.repository"
_INTAKE = "city_ops.cases.intake"
_TOKENS = "citizen_pass.identity.client_tokens"


def _text(module: str, name: str) -> str:
    found = getattr(import_module(module), name)
    if not isinstance(found, str):
        raise TypeError(f"{module}.{name} is not a statement")
    return found


PAGE = 20
RESOURCES = 4000
POINT = _text(_ENTITIES, "ONE")
LIST = _text(_ENTITIES, "LIST")
MATCH = _text(_MATCHING, "BY_NAME")
REPORT = _text(_INTAKE, "REPORT")
CLIENT_AND_KEY = _text(_TOKENS, "CLIENT_AND_KEY")


def match_values(name: str) -> dict[str, Any]:
    """What the statement of a match wants for a name: the same tokens that the service looks for."""
    found: dict[str, Any] = import_module(_MATCHING).name_values(import_module("data_hub.bigrams").search_key(name))
    return found


def invented_persons(count: int) -> list[tuple[str, date]]:
    """Names with one wrong character and birth dates of the sample's first persons."""
    invention = import_module("data_hub.sample.invention")
    found = map(invention.invent_person, range(count))
    return [(f"{one.name[:-1]}鑫", one.birth_date) for one in found]


def _person(name: str, born: date) -> tuple[str, dict[str, Any]]:
    """All ways of the service to somebody of a name and a birth date, as one statement, and what they want to know."""
    matching, domain = (import_module(f"{_PERSONS}.{module}") for module in ("matching", "domain"))
    key = import_module("data_hub.bigrams").search_key(domain.name_form(name))
    steps, values = matching._steps(matching.Asked(name=key, numbers={}, born=born, stem=None, sex=None), PAGE)
    text = matching._statement({way: most for step in steps for way, most in step.ways.items()}).decode()
    return text, {key: str(value) if isinstance(value, date) else value for key, value in values.items()}


def person_values(name: str, born: date) -> dict[str, Any]:
    """What the statement of a person's match wants; dates as text, so that they can be told as JSON."""
    return _person(name, born)[1]


PERSON = _person("李秀英", date(1980, 1, 1))[0]


def _searched(word: str) -> tuple[str, dict[str, Any]]:
    query = import_module("data_hub.resources.schemas").PublicFilter(q=word)
    found: tuple[str, dict[str, Any]] = import_module(_DIRECTORY).opened_search(query, limit=PAGE + 1)
    return found


def search_values(word: str) -> dict[str, Any]:
    """What the statement of a search in the opened directory wants for a word of two characters or more."""
    return _searched(word)[1]


SEARCH = _searched("空气")[0]


def invented_resources() -> list[dict[str, Any]]:
    """Four thousand resources as the directory finds them: of seven departments, ten places, and many subjects."""
    bigrams = import_module("data_hub.bigrams")
    departments = ("生态环境局", "城市管理局", "市场监管局", "住房和城乡建设局", "交通运输局", "民政局", "教育局")
    places = ("桃城区", "冀州区", "枣强县", "武邑县", "武强县", "饶阳县", "安平县", "故城县", "景县", "阜城县")
    subjects = ("空气质量", "河流水质", "企业登记", "公园绿地", "12345热线", "行政区划", "道路养护", "养老机构",
                "中小学校", "公交线路", "医疗机构", "燃气安全", "城市照明", "食品抽检", "施工许可")  # fmt: skip
    kinds = ("监测数据", "基本信息", "统计结果", "检查结果", "年度名录")
    found = []
    for number in range(RESOURCES):
        department, place = departments[number % 7], places[number // 7 % 10]
        subject, kind = subjects[number // 70 % 15], kinds[number // 1050 % 5]
        name = f"{place}{subject}{kind}{2015 + number % 11}年第{number}号"
        summary, items = f"衡水市{department}掌握的{place}{subject}{kind}", f"编号 名称 {subject} 时间 {department}"
        found.append({
            "code": f"399999-{number:06}", "name": name, "summary": summary, "sample": False,
            "name_key": bigrams.search_key(name), "summary_key": bigrams.search_key(summary),
            "items_key": bigrams.search_key(items), "words": bigrams.bigrams(name, summary, items),
        })  # fmt: skip
    return found
