"""Who may do what with organisations; the directory of departments is open to anyone."""

from typing import Annotated

from fastapi import Depends

from citykit.access import Actor, from_service, requires

MAINTAIN = "gov-collab.organisations.maintain"
READ = "gov-collab.organisations.read"

Maintainer = Annotated[Actor, Depends(requires(MAINTAIN))]
Staff = Annotated[Actor, Depends(requires(any_of=(READ, MAINTAIN)))]
Neighbour = Annotated[Actor, Depends(from_service())]
