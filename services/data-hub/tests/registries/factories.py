"""What the tests of the registries say again and again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from citykit.testing import ServiceUnderTest

POLICE = "11131100MB0H00049H"
MARKET = "11131100MB0H00057C"
READ = "data-hub.registries.read"
PEOPLE = "data-hub.population.read"
DISCLOSE = "data-hub.registries.disclose"
MAINTAIN = "data-hub.registries.maintain"
PERSONS = "/api/data-hub/v1/population/persons"
SEARCHES = "/api/data-hub/v1/population/searches"
ENTITIES = "/api/data-hub/v1/legal-entities"
SERVICE = {"purpose": "public-service"}
OTHER = "131102199008110028"  # another person's identification number
FIRM = "91131102MA07XY3K94"
OTHER_FIRM = "91131102MA0H000105"


def person_draft(**changes: Any) -> dict[str, Any]:
    """A person to register."""
    return {
        "name": "李秀英", "id_number": "131102198503150049", "ethnicity": "汉族", "division_code": "131102001045",
        "address": "河北省衡水市桃城区人民路1号", "phone": "13900000001",
        "source": {"department": POLICE, "batch": "t-1"},
    } | changes  # fmt: skip


def entity_draft(**changes: Any) -> dict[str, Any]:
    """A legal entity to register."""
    return {
        "uscc": FIRM, "name": "衡水示例橡塑制品有限公司", "legal_form": "limited-company", "division_code": "131102",
        "established_on": "2016-03-01", "representative_name": "张伟", "capital_fen": 500_000_000,
        "source": {"department": MARKET, "batch": "m-1"},
    } | changes  # fmt: skip


def correction(field: str, value: str | None, **changes: Any) -> dict[str, Any]:
    """A correction of one field."""
    return {"field": field, "value": value, "source": {"department": POLICE, "reason": "校核"}} | changes


def stating(city: ServiceUnderTest, body: Mapping[str, Any], **claims: Any) -> dict[str, str]:
    """Who may maintain the registries, of the department in whose name `body` speaks."""
    return city.token([MAINTAIN], department=body["source"]["department"], **claims)


async def register(city: ServiceUnderTest, **changes: Any) -> UUID:
    """Register a person and answer her number."""
    draft = person_draft(**changes)
    answer = await city.client.post(PERSONS, json=draft, headers=stating(city, draft))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["person"])


async def register_firm(city: ServiceUnderTest, **changes: Any) -> str:
    """Register a legal entity and answer its code."""
    draft = entity_draft(**changes)
    answer = await city.client.post(ENTITIES, json=draft, headers=stating(city, draft))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["uscc"])


async def read(city: ServiceUnderTest, person: UUID, purpose: str = "household-registration") -> dict[str, Any]:
    """Read a person for a purpose."""
    answer = await city.client.get(f"{PERSONS}/{person}", params={"purpose": purpose}, headers=city.token([PEOPLE]))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
