"""HTTP face of the classes of matters."""

from typing import Annotated

from fastapi import Depends, Query

from citykit.access import anyone
from citykit.pages import Page
from citykit.problems import problems
from citykit.routing import CityRouter
from gov_collab.matters.access import Classifying, Maintainer
from gov_collab.matters.errors import UnknownMatter
from gov_collab.matters.schemas import Adoption, Catalogue, Matter, MatterFilter, SuggestionQuestion, Suggestions
from gov_collab.matters.service import MattersInRequest

router = CityRouter(prefix="/api/gov-collab/v1/matters", tags=["matters"])


@router.get("", dependencies=[Depends(anyone)])
async def list_matters(query: Annotated[MatterFilter, Query()], matters: MattersInRequest) -> Page[Matter]:
    """List the classes of matters 事项分类 in the order of the list; open to anyone."""
    return await matters.page(query)


@router.post("/catalogues", status_code=201, responses=problems(UnknownMatter))
async def adopt_catalogue(actor: Maintainer, body: Catalogue, matters: MattersInRequest) -> Adoption:
    """Put a whole list of matters in the place of the one in use 更新事项分类清单; what it leaves out is retired."""
    return await matters.adopt(body, by=actor)


@router.post("/suggestions")
async def suggest_matters(_: Classifying, body: SuggestionQuestion, matters: MattersInRequest) -> Suggestions:
    """Suggest classes for a message that is being taken 分类建议; nothing is kept."""
    return await matters.suggest(body.title, body.text)
