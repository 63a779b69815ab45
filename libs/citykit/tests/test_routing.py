"""Query parameters that a route names, and those that only its resource can name."""

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Query, Request
from pydantic import ConfigDict

from citykit.access import anyone
from citykit.problems import UnknownParameter
from citykit.routing import CityRouter, NotText, add_routes
from citykit.wire import Wire

router = CityRouter(prefix="/things")


class _Open(Wire):
    model_config = ConfigDict(extra="allow")

    limit: str | None = None


class _Closed(Wire):
    limit: str | None = None


@router.get("/open", dependencies=[Depends(anyone)])
async def ask_openly(query: Annotated[_Open, Query()], request: Request) -> list[tuple[str, str]]:
    """Answers what was asked."""
    assert query.limit in {None, "1"}
    return request.query_params.multi_items()


@router.get("/closed", dependencies=[Depends(anyone)])
async def ask(query: Annotated[_Closed, Query()]) -> str | None:
    """Answers the limit."""
    return query.limit


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = FastAPI()
    add_routes(app, router)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x")


async def test_an_open_route_takes_names_that_it_does_not_know(client: httpx.AsyncClient) -> None:
    answer = await client.get("/things/open?limit=1&aqi=gt.50&aqi=lt.100")
    assert answer.json() == [["limit", "1"], ["aqi", "gt.50"], ["aqi", "lt.100"]]


@pytest.mark.parametrize("query", ["aqi=%00", "a%00b=1"])
async def test_text_that_cannot_be_stored_is_refused_all_the_same(client: httpx.AsyncClient, query: str) -> None:
    with pytest.raises(NotText):
        await client.get(f"/things/open?{query}")


async def test_any_other_route_stays_closed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/things/closed?limit=1")).json() == "1"
    with pytest.raises(UnknownParameter):
        await client.get("/things/closed?aqi=1")
