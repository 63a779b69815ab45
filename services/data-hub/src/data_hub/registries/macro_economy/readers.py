"""Who reads indicators: anyone reads what is free; confidential values need the right."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from citykit.access import Actor, Requirement, anyone, requires
from citykit.actors import ActorKind

READ = "data-hub.indicators.read"
_reader = Requirement(kinds=ActorKind)  # any good token; one without the right reads what anybody reads

Insider = Annotated[Actor, Depends(requires(READ))]
Maintainer = Annotated[Actor, Depends(requires("data-hub.indicators.maintain"))]


async def may_see(request: Request, _: Annotated[None, Depends(anyone)]) -> bool:
    """Whether the caller sees confidential values; a token that does not hold is refused, not overlooked."""
    if "authorization" not in request.headers:
        return False
    return (await _reader(request)).may(READ)


MaySee = Annotated[bool, Depends(may_see)]
