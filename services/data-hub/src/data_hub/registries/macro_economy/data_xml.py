"""Writes data as SDMX-ML 2.1, structure-specific and generic, line by line; and the standard's error message."""

from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from citykit.clock import CHINA
from data_hub.registries.macro_economy.dataset import ALL_DIMENSIONS, DataMessage, Group, number
from data_hub.registries.macro_economy.domain import reference
from data_hub.registries.macro_economy.repository import Seen
from data_hub.registries.macro_economy.service import TIME, VALUE

SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
NAMESPACES = (
    f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:mes="{SCHEMAS}/message" xmlns:com="{SCHEMAS}/common"'
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ROOTS = {
    "specific": "StructureSpecificData", "specific-ts": "StructureSpecificTimeSeriesData",
    "generic": "GenericData", "generic-ts": "GenericTimeSeriesData",
}  # fmt: skip


def error(code: int, text: str) -> str:
    """The standard's error message."""
    return (
        f'{HEAD}<mes:Error {NAMESPACES}><mes:ErrorMessage code="{code}">'
        f'<com:Text xml:lang="zh">{escape(clean(text))}</com:Text></mes:ErrorMessage></mes:Error>'
    )


def clean(text: str) -> str:
    """A text without the characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n\r")


def attribute(text: str) -> str:
    """A text as the quoted value of an attribute."""
    return quoteattr(clean(text))


def head(message_id: str, prepared: datetime) -> str:
    """The beginning of every header."""
    return (
        f"<mes:Header><mes:ID>{message_id}</mes:ID><mes:Test>false</mes:Test>"
        f"<mes:Prepared>{prepared.astimezone(CHINA).isoformat(timespec='seconds')}</mes:Prepared>"
        '<mes:Sender id="HS"><com:Name xml:lang="zh">衡水市大数据中心</com:Name></mes:Sender>'
    )


def write(message: DataMessage, form: str) -> Iterator[str]:
    """The data message, piece by piece."""
    ref = reference(message.shape.structure.ref)
    root, specific = _ROOTS[form], form.startswith("specific")
    namespace = f"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={ref}:ObsLevelDim:{message.at}"
    own = f'xmlns:ss="{SCHEMAS}/data/structurespecific" xmlns:ns1="{namespace}"'
    other = f'xmlns:gen="{SCHEMAS}/data/generic"'
    yield f"{HEAD}<mes:{root} {NAMESPACES} {own if specific else other}>\n"
    yield head(message.message_id, message.prepared)
    named = f' namespace="{namespace}"' if specific else ""
    yield (
        f'<mes:Structure structureID="S1"{named} dimensionAtObservation="{message.at}"><com:Structure>'
        f'<Ref agencyID="{ref.agency}" id="{ref.id}" version="{ref.version}" class="DataStructure"/>'
        "</com:Structure></mes:Structure></mes:Header>\n"
    )
    for at, rows in message.vintages():
        yield _dataset(at, specific, form)
        writer = _specific if specific else _generic
        for group in message.groups(rows):
            yield from writer(message, group)
        yield "</mes:DataSet>\n"
    yield f"</mes:{root}>\n"


def _dataset(at: datetime | None, specific: bool, form: str) -> str:
    prefix = "ss:" if specific else ""
    valid = "" if at is None else f' {prefix}validFromDate="{at.astimezone(CHINA).isoformat()}"'
    action = "Information" if at is None else "Replace"
    if not specific:
        return f'<mes:DataSet structureRef="S1" action="{action}"{valid}>\n'
    kind = "TimeSeriesDataSetType" if form == "specific-ts" else "DataSetType"
    return (
        f'<mes:DataSet ss:structureRef="S1" xsi:type="ns1:{kind}" ss:dataScope="DataStructure"'
        f' ss:action="{action}"{valid}>\n'
    )


def _pairs(said: dict[str, str]) -> str:
    return "".join(f" {name}={attribute(text)}" for name, text in said.items())


def _specific(message: DataMessage, group: Group) -> Iterator[str]:
    if message.at == ALL_DIMENSIONS:
        for text, row in group.rows:
            yield _specific_observation(message, {**group.key, TIME: text}, row, group.attributes)
        return
    yield f"<Series{_pairs(group.key)}{_pairs(group.attributes)}>\n"
    for text, row in group.rows:
        yield _specific_observation(message, {message.at: text}, row, {})
    yield "</Series>\n"


def _specific_observation(message: DataMessage, key: dict[str, str], row: Seen, more: dict[str, str]) -> str:
    value = "" if row.value is None else f' {VALUE}="{number(row.value)}"'
    return f"<Obs{_pairs(key)}{value}{_pairs(more)}{_pairs(message.of_observation(row))}/>\n"


def _values(element: str, said: dict[str, str]) -> str:
    if not said:
        return ""
    listed = "".join(f'<gen:Value id="{name}" value={attribute(text)}/>' for name, text in said.items())
    return f"<gen:{element}>{listed}</gen:{element}>"


def _generic(message: DataMessage, group: Group) -> Iterator[str]:
    if message.at == ALL_DIMENSIONS:
        for text, row in group.rows:
            key = _values("ObsKey", {**group.key, TIME: text})
            yield f"<gen:Obs>{key}{_generic_value(message, row, group.attributes)}</gen:Obs>\n"
        return
    yield f"<gen:Series>{_values('SeriesKey', group.key)}{_values('Attributes', group.attributes)}\n"
    for text, row in group.rows:
        key = f'<gen:ObsDimension id="{message.at}" value={attribute(text)}/>'
        yield f"<gen:Obs>{key}{_generic_value(message, row, {})}</gen:Obs>\n"
    yield "</gen:Series>\n"


def _generic_value(message: DataMessage, row: Seen, more: dict[str, str]) -> str:
    value = "" if row.value is None else f'<gen:ObsValue value="{number(row.value)}"/>'
    return value + _values("Attributes", more | message.of_observation(row))
