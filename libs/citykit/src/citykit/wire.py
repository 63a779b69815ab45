"""What goes over the wire: strict types, so that bad input is told and never reaches the database."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic import StringConstraints as Text

from citykit.clock import CHINA
from citykit.identifiers import checked, gb11643, gb32100


class Wrong(ValueError):
    """A value breaks a rule of ours, said in Chinese and in English; neither repeats the value."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


class Wire(BaseModel):
    """Base of everything a caller sends or receives: unknown fields are refused, numbers are numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=False, ser_json_inf_nan="null")


class Query(BaseModel):
    """Base of an endpoint's query parameters: all of them in one model, unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _in_china(value: datetime) -> str:
    return value.astimezone(CHINA).isoformat(timespec="milliseconds")


def _within_reach(value: datetime) -> datetime:
    """Keep to years that PostgreSQL and every client can hold once the zone is applied."""
    if not 1800 <= value.year <= 2300:
        raise Wrong("年份应在1800至2300之间", "the year must lie between 1800 and 2300")
    return value.astimezone(UTC)


def _a_number(value: Any) -> Any:
    """Refuse text and truth values where a number is meant: the stock rules take "1" for 1."""
    if isinstance(value, str | bool):
        raise Wrong("应为数字，不是文本", "a number is wanted, not text")
    return value


def _written_out(value: Any) -> Any:
    """Refuse bare numbers, in quotes or without: the stock rules read them as seconds or milliseconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and value[4:5] != "-"):
        raise Wrong("时间应按 RFC 3339 写全，如 2026-11-28T09:00:00+08:00", "a time is written out as in RFC 3339")
    return value


# A point in time: RFC 3339 with its zone in, Beijing time (+08:00) out.
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written_out),
    AfterValidator(_within_reach),
    PlainSerializer(_in_china, return_type=str, when_used="json"),
]
ShortText = Annotated[str, Text(strip_whitespace=True, min_length=1, max_length=200)]
LongText = Annotated[str, Text(strip_whitespace=True, min_length=1, max_length=4000)]
Int32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1), BeforeValidator(_a_number)]
Fen = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1), BeforeValidator(_a_number)]  # money, integer fen 分
Real = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_a_number)]
DivisionCode = Annotated[str, Text(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$")]  # GB/T 2260


# 统一社会信用代码 by GB 32100, both check characters tested; spelt in capitals.
Uscc = Annotated[str, checked(gb32100.parse), Field(examples=["91131102MA07XY3K94"])]
# 公民身份号码 by GB 11643; never sent out unmasked but by an act of disclosure.
CitizenNumber = Annotated[str, Text(max_length=18), checked(gb11643.parse)]


class Point(Wire):
    """A place: longitude and latitude in degrees, EPSG:4490 (CGCS2000), bounded to China's land and sea."""

    longitude: Annotated[float, Field(ge=73, le=136, allow_inf_nan=False), BeforeValidator(_a_number)]
    latitude: Annotated[float, Field(ge=3, le=54, allow_inf_nan=False), BeforeValidator(_a_number)]
