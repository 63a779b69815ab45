"""The structures that a city begins with: the standard's common code lists, the city's areas, two dataflows."""

from itertools import starmap

from citykit.actors import Actor
from citykit.work import Work
from data_hub.registries.macro_economy.domain import Ref
from data_hub.registries.macro_economy.repository import FLOW
from data_hub.registries.macro_economy.schemas import (
    Artefact,
    AttributeDraft,
    CodeDraft,
    Codelist,
    ConceptDraft,
    ConceptScheme,
    Dataflow,
    DataStructure,
    DimensionDraft,
    Level,
    Name,
)
from data_hub.registries.macro_economy.service import MacroEconomy

CITY = "131100"
GDP, REGIONAL = Ref("HS", "GDP", "1.0"), Ref("HS", "REGIONAL", "1.0")
_FREQUENCIES = {
    "A": ("年度", "Annual"), "S": ("半年度", "Half-yearly"), "T": ("四月度", "Trimesterly"), "Q": ("季度", "Quarterly"),
    "M": ("月度", "Monthly"), "W": ("周度", "Weekly"), "D": ("日度", "Daily"),
}  # fmt: skip
_STATUSES = {
    "A": ("正常值", "Normal value"), "B": ("时间序列间断", "Time series break"), "E": ("估计值", "Estimated value"),
    "F": ("预测值", "Forecast value"), "I": ("插补值", "Imputed value"), "M": ("缺失值", "Missing value"),
    "P": ("初步数", "Provisional value"), "U": ("可靠性低", "Low reliability"),
}  # fmt: skip
_CONFIDENTIALITIES = {
    "F": ("可公开", "Free"), "C": ("保密", "Confidential statistical information"),
    "N": ("内部使用，不公布", "Not for publication, internal use only"),
    "D": ("次级保密（发送方设定）", "Secondary confidentiality set by the sender"),
    "S": ("次级保密（接收方设定）", "Secondary confidentiality set by the receiver"),
}  # fmt: skip
_UNITS = {
    "CNY": ("元", "Renminbi yuan"), "USD": ("美元", "US dollar"), "PERSON": ("人", "Persons"),
    "PERCENT": ("百分比", "Per cent"), "INDEX": ("指数", "Index"), "T": ("吨", "Tonnes"),
    "KWH": ("千瓦时", "Kilowatt hours"), "HA": ("公顷", "Hectares"),
}  # fmt: skip
_AREAS = {
    "131102": ("桃城区", "Taocheng"), "131103": ("冀州区", "Jizhou"), "131121": ("枣强县", "Zaoqiang"),
    "131122": ("武邑县", "Wuyi"), "131123": ("武强县", "Wuqiang"), "131124": ("饶阳县", "Raoyang"),
    "131125": ("安平县", "Anping"), "131126": ("故城县", "Gucheng"), "131127": ("景县", "Jingxian"),
    "131128": ("阜城县", "Fucheng"), "131182": ("深州市", "Shenzhou"),
}  # fmt: skip
COUNTIES = tuple(_AREAS)
_CONCEPTS = {
    "FREQ": ("频率", "Frequency"), "INDICATOR": ("指标", "Indicator"), "REF_AREA": ("地区", "Reference area"),
    "TIME_PERIOD": ("时期", "Time period"), "OBS_VALUE": ("观测值", "Observation value"),
    "OBS_STATUS": ("观测状态", "Observation status"), "CONF_STATUS": ("保密状态", "Confidentiality status"),
    "UNIT_MEASURE": ("计量单位", "Unit of measure"), "UNIT_MULT": ("单位乘数", "Unit multiplier"),
    "DECIMALS": ("小数位数", "Decimals"), "TITLE": ("名称", "Title"), "COMMENT": ("备注", "Comment"),
    "RELEASE_ID": ("发布编号", "Release"), "SOURCE_DEPT": ("数源部门", "Source department"),
    "REVISION_REASON": ("修订原因", "Reason of the revision"),
}  # fmt: skip


def _code(code: str, names: tuple[str, str]) -> CodeDraft:
    return CodeDraft(id=code, name=Name(zh=names[0], en=names[1]))


def _list(name: str, said: tuple[str, str], codes: list[CodeDraft]) -> Codelist:
    return Codelist(id=name, name=Name(zh=said[0], en=said[1]), codes=codes)


def _areas() -> list[CodeDraft]:
    city = _code(CITY, ("衡水市", "Hengshui"))
    return [city, *(one.model_copy(update={"parent": CITY}) for one in starmap(_code, _AREAS.items()))]


def _structure(name: str, said: tuple[str, str], dimensions: tuple[str, ...]) -> DataStructure:
    coded = {"OBS_STATUS": True, "CONF_STATUS": False, "UNIT_MEASURE": False}
    series = ("UNIT_MEASURE", "UNIT_MULT", "DECIMALS", "TITLE")
    attributes = [
        AttributeDraft(
            id=one, level=Level.series if one in series else Level.observation, required=coded.get(one, False),
            codelist=f"HS:CL_{one}(1.0)" if one in coded else None,
        )
        for one in (*series, "OBS_STATUS", "CONF_STATUS", "COMMENT", "RELEASE_ID", "SOURCE_DEPT", "REVISION_REASON")
    ]  # fmt: skip
    return DataStructure(
        id=name, name=Name(zh=said[0], en=said[1]), concepts="HS:CS_HS(1.0)", attributes=attributes,
        dimensions=[DimensionDraft(id=one, codelist=f"HS:CL_{one}(1.0)") for one in dimensions],
    )  # fmt: skip


def structures() -> list[Artefact]:
    """The structures in the order in which they may be taken."""
    concepts = [ConceptDraft(id=one, name=Name(zh=zh, en=en)) for one, (zh, en) in _CONCEPTS.items()]
    return [
        _list("CL_FREQ", ("频率", "Frequency"), list(starmap(_code, _FREQUENCIES.items()))),
        _list("CL_OBS_STATUS", ("观测状态", "Observation status"), list(starmap(_code, _STATUSES.items()))),
        _list("CL_CONF_STATUS", ("保密状态", "Confidentiality"), list(starmap(_code, _CONFIDENTIALITIES.items()))),
        _list("CL_UNIT_MEASURE", ("计量单位", "Unit of measure"), list(starmap(_code, _UNITS.items()))),
        _list("CL_REF_AREA", ("地区（行政区划代码）", "Areas by division code"), _areas()),
        _list("CL_INDICATOR", ("指标", "Indicators"), []),
        ConceptScheme(id="CS_HS", name=Name(zh="宏观经济概念", en="Concepts of the macro-economy"), concepts=concepts),
        _structure("DSD_GDP", ("全市主要指标", "Main indicators of the city"), ("FREQ", "INDICATOR")),
        _structure("DSD_REGIONAL", ("分地区指标", "Indicators by area"), ("FREQ", "INDICATOR", "REF_AREA")),
        Dataflow(id="GDP", name=Name(zh="全市主要指标", en="Main indicators of the city"), structure="HS:DSD_GDP(1.0)"),
        Dataflow(
            id="REGIONAL", name=Name(zh="分地区主要指标", en="Main indicators by area"),
            structure="HS:DSD_REGIONAL(1.0)", additive=["REF_AREA", "INDICATOR"],
        ),
    ]  # fmt: skip


async def lay(work: Work, *, by: Actor, sample: bool = False) -> None:
    """Take the structures where the city has none yet."""
    registry = MacroEconomy(work)
    if await registry.structures.one(FLOW, REGIONAL) is None:
        for structure in structures():
            await registry.make(structure, by=by, sample=sample)
