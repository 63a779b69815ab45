"""Who acts: a person, a client program or another service, as a verified token says (RFC 9068)."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of party a token speaks for."""

    person = "person"
    client = "client"
    service = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """The party behind a request, and what it may do.

    `subject` is the account id of a person (UUID), a client id, or a service's name. `person` is the person's number in
    the population registry (an opaque UUID), known once the real name is verified. `assurance` is 1 (registered),
    2 (real name verified) or 3 (real name and passkey). `on_behalf_of` names the person for whom a service asks.
    `department_name` and `post_name` say in words what office is held on the day of the token; of a client program the
    former is what its owner is called. They are for people to read: nothing is decided by them.
    """

    subject: str
    kind: ActorKind
    scopes: frozenset[str] = frozenset()
    name: str | None = None
    department: str | None = None
    post: str | None = None
    assurance: int = 0
    person: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    on_behalf_of: str | None = None
    department_name: str | None = None
    post_name: str | None = None

    def may(self, scope: str) -> bool:
        """Whether the token carries `scope`."""
        return scope in self.scopes

    @property
    def reference(self) -> str:
        """How logs name the actor: `sub:<uuid>`, `client:<id>` or `service:<name>`; never a person's name."""
        return f"{'sub' if self.kind is ActorKind.person else self.kind.value}:{self.subject}"
