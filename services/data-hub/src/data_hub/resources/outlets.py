"""Where the opened directory and its resources are found: addresses, and the outlets that hand out the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlencode

from data_hub.resources.domain import DIVISIONS, Format, InformationItem, has_own_rows

TITLE = ("衡水市政务数据目录", "Government data of Hengshui")
SUMMARY = (
    "衡水市各部门向社会开放的政务数据资源",
    "Data resources that the departments of Hengshui opened to society",
)
ROWS, QUERY, REGISTER = "rows", "query", "register"
_REGISTERS = {DIVISIONS: "/api/data-hub/v1/divisions"}  # registers of the hub that everybody may read


class Described(Protocol):
    """What is asked of a resource's description."""

    @property
    def code(self) -> str:
        """Its code."""

    @property
    def format(self) -> Format:
        """Its format."""

    @property
    def items(self) -> Sequence[InformationItem]:
        """Its information items."""


@dataclass(frozen=True)
class Addresses:
    """Addresses of the directory's public face, seen from outside; `base` is the city's own, without a slash."""

    base: str

    @classmethod
    def of(cls, public_url: str) -> Self:
        """The addresses under the city's public address."""
        return cls(public_url.rstrip("/"))

    @property
    def home(self) -> str:
        """The city's page."""
        return f"{self.base}/"

    @property
    def city(self) -> str:
        """The city as a place."""
        return f"{self.base}/api/data-hub/v1/divisions/131100"

    @property
    def catalogue(self) -> str:
        """The catalogue itself."""
        return f"{self.base}/api/data-hub/v1/catalogue"

    @property
    def ckan(self) -> str:
        """Where clients of CKAN begin."""
        return f"{self.base}/api/data-hub/ckan"

    @property
    def actions(self) -> str:
        """The action API."""
        return f"{self.ckan}/api/3/action"

    def resource(self, code: str) -> str:
        """The description of an opened resource."""
        return f"{self.catalogue}/resources/{code}"

    def department(self, code: str) -> str:
        """A department, as one of those whose resources can be listed."""
        return f"{self.catalogue}/resources?provider={code}"

    def part(self, form: str, after: str | None, limit: int) -> str:
        """A part of the catalogue in one of its forms."""
        query = {"limit": str(limit)} if after is None else {"after": after, "limit": str(limit)}
        return f"{self.catalogue}.{form}?{urlencode(query)}"


@dataclass(frozen=True)
class Outlet:
    """One way to the rows of an opened resource."""

    id: str
    kind: str
    title: str
    title_en: str
    url: str
    media_type: str
    format: str


def outlets(one: Described, at: Addresses) -> tuple[Outlet, ...]:
    """The ways to the rows of an opened resource: none where it is described and not gathered."""
    if has_own_rows(one.code, one.format, one.items):
        download, query = (
            f"{at.resource(one.code)}/rows.csv",
            f"{at.actions}/datastore_search?resource_id={one.code}-{ROWS}",
        )
        return (  # the file comes last: of several outlets, the dump of ckanapi downloads the last one's address
            Outlet(f"{one.code}-{QUERY}", QUERY, "数据查询接口", "Queries", query, "application/json", "JSON"),
            Outlet(f"{one.code}-{ROWS}", ROWS, "全部数据", "All rows", download, "text/csv", "CSV"),
        )
    if (register := _REGISTERS.get(one.code)) is not None:
        url = f"{at.base}{register}"
        return (Outlet(f"{one.code}-{REGISTER}", REGISTER, "查询接口", "Queries", url, "application/json", "JSON"),)
    return ()
