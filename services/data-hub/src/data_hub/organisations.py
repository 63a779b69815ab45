"""What an organisation is called 部门名称: as the city knows it, never as whoever writes to the hub typed it.

Of a department that acts, the token of its official says it: the organisations' directory named her office when the
token was made. Of another organisation the registry of legal entities says it, which knows public bodies by their code
(GB 32100) like all others. So what stands in the catalogue, on a grant, in the store or in the log of who read a
person's data is the name of whose official acted.
"""

from typing import Annotated

from pydantic import Field

from citykit.actors import Actor, ActorKind
from citykit.wire import ShortText

OwnName = Annotated[
    ShortText | None,
    Field(
        description="Not read: the department is called what the token of its official says. Taken from older callers",
        json_schema_extra={"deprecated": True},
    ),
]


def called(by: Actor, said: str | None = None) -> str:
    """What the organisation is called that `by` acts for; its code where the token has no name for it.

    `said` counts for the hub alone, which loads reference data and the sample for departments without their tokens.
    """
    if by.kind is ActorKind.service and said:
        return said
    return by.department_name or by.department or by.name or by.subject
