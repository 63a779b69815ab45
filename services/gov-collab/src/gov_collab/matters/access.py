"""Who may do what with matters; the list itself is open to anyone."""

from typing import Annotated

from fastapi import Depends

from citykit.access import Actor, requires

Maintainer = Annotated[Actor, Depends(requires("gov-collab.organisations.maintain"))]
Classifying = Annotated[Actor, Depends(requires(any_of=("gov-collab.hotline.operate", "gov-collab.hotline.handle")))]
