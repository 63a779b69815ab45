"""Who may call an endpoint, said in its signature. Every route of every service states one of these."""

from collections.abc import Iterable

from starlette.requests import Request

from citykit.actors import Actor, ActorKind
from citykit.problems import Forbidden, Unauthenticated

__all__ = ["Actor", "Requirement", "anyone", "from_service", "requires", "signed_in"]


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


class Requirement:
    """A dependency that answers the actor, or refuses: 401 without a valid token, 403 with one that is not enough."""

    def __init__(
        self,
        *,
        scopes: Iterable[str] = (),
        any_of: Iterable[str] = (),
        kinds: Iterable[ActorKind] = (ActorKind.person, ActorKind.client),
        services: Iterable[str] | None = None,
        assurance: int = 0,
    ) -> None:
        self.scopes = tuple(scopes)
        self.any_of = tuple(any_of)
        self.kinds = frozenset(kinds)
        self.services = None if services is None else frozenset(services)
        self.assurance = assurance

    async def __call__(self, request: Request) -> Actor:
        """The verified actor of this request."""
        token = _bearer(request)
        if token is None:
            raise Unauthenticated(headers={"WWW-Authenticate": "Bearer"})
        actor: Actor = await request.app.state.city.verifier.verify(token)
        self.check(actor)
        request.state.actor = actor
        return actor

    def check(self, actor: Actor) -> None:
        """Raise Forbidden where `actor` does not fulfil this requirement."""
        if actor.kind not in self.kinds or (self.services is not None and actor.subject not in self.services):
            raise Forbidden()
        missing = [scope for scope in self.scopes if scope not in actor.scopes]
        if missing or (self.any_of and not actor.scopes.intersection(self.any_of)):
            wanted = " ".join(missing or self.any_of)
            challenge = f'Bearer error="insufficient_scope", scope="{wanted}"'
            raise Forbidden((f"缺少权限 {wanted}", f"Missing scope {wanted}"), headers={"WWW-Authenticate": challenge})
        if actor.assurance < self.assurance:
            challenge = f'Bearer error="insufficient_user_authentication", acr_values="l{self.assurance}"'  # RFC 9470
            raise Forbidden(
                ("请先完成实名认证", "Verify your real name first") if self.assurance == 2 else None,
                headers={"WWW-Authenticate": challenge},
            )


def requires(*scopes: str, any_of: Iterable[str] = (), assurance: int = 0) -> Requirement:
    """A person or client whose token carries all of `scopes`, and one of `any_of` where given."""
    return Requirement(scopes=scopes, any_of=any_of, assurance=assurance)


def signed_in(*, assurance: int = 0) -> Requirement:
    """Any signed-in person, with at least this assurance."""
    return Requirement(kinds=(ActorKind.person,), assurance=assurance)


def from_service(*names: str) -> Requirement:
    """One of the named services; any service where none is named. For paths below `/internal/` alone."""
    return Requirement(kinds=(ActorKind.service,), services=names or None)


async def anyone() -> None:
    """Everybody, without a token: stated, so that an open door is a decision and not an oversight."""
