"""Who may do what in the registries, as types that an endpoint's signature shows."""

from typing import Annotated

from fastapi import Depends

from citykit.access import Actor, from_service, requires, signed_in

Reader = Annotated[Actor, Depends(requires("data-hub.registries.read"))]
PersonReader = Annotated[Actor, Depends(requires("data-hub.population.read"))]
Discloser = Annotated[Actor, Depends(requires("data-hub.registries.disclose"))]
Maintainer = Annotated[Actor, Depends(requires("data-hub.registries.maintain"))]
Disputer = Annotated[Actor, Depends(requires("data-hub.registries.dispute"))]
Decider = Annotated[Actor, Depends(requires("data-hub.registries.decide"))]
Supervisor = Annotated[Actor, Depends(requires("data-hub.registries.supervise"))]
Party = Annotated[
    Actor,
    Depends(
        requires(any_of=("data-hub.registries.dispute", "data-hub.registries.decide", "data-hub.registries.supervise"))
    ),
]
Follower = Annotated[Actor, Depends(requires(any_of=("data-hub.registries.read", "data-hub.population.read")))]
Told = Annotated[
    Actor,
    Depends(requires(any_of=("data-hub.registries.read", "data-hub.population.read", "data-hub.registries.dispute"))),
]
Oneself = Annotated[Actor, Depends(signed_in(assurance=2))]
CitizenPass = Annotated[Actor, Depends(from_service("citizen-pass"))]
Enterprise = Annotated[Actor, Depends(from_service("enterprise"))]
FirmReader = Annotated[Actor, Depends(from_service("enterprise", "gov-collab"))]
