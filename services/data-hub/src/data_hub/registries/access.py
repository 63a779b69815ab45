"""Who may do what in the registries, as types that an endpoint's signature shows."""

from typing import Annotated

from fastapi import Depends

from citykit.access import Actor, from_service, requires, signed_in

Reader = Annotated[Actor, Depends(requires("data-hub.registries.read"))]
Discloser = Annotated[Actor, Depends(requires("data-hub.registries.disclose"))]
Maintainer = Annotated[Actor, Depends(requires("data-hub.registries.maintain"))]
Oneself = Annotated[Actor, Depends(signed_in(assurance=2))]
CitizenPass = Annotated[Actor, Depends(from_service("citizen-pass"))]
Enterprise = Annotated[Actor, Depends(from_service("enterprise"))]
FirmReader = Annotated[Actor, Depends(from_service("enterprise", "gov-collab"))]
