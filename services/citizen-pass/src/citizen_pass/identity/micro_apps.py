"""The OAuth client behind each micro-app: made, changed and stopped as the data hub says.

Such a client is public: it runs in a browser, has no secret and uses PKCE (RFC 7636). It may ask for what the
reviewer granted and no more; a person still decides on the consent page. An app that nobody signs in to has a client
that can ask for nothing, so that its name is taken and its owner known.
"""

from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert

from citizen_pass.identity import domain
from citizen_pass.identity.events import MicroAppPublished, MicroAppStopped
from citizen_pass.identity.models import ClientRow
from citizen_pass.identity.registry import Clients, client_row
from citykit.actors import Actor, ActorKind
from citykit.clock import WallClock
from citykit.work import Work

DATA_HUB = Actor("data-hub", ActorKind.service, frozenset())


async def micro_app_published(event: MicroAppPublished, work: Work) -> None:
    """Make the client of an app, or bring it to what was granted; a stopped one is let in again.

    The data hub holds its apps to the same rule of addresses; what breaks it all the same is left out and on record.
    """
    own_host = urlsplit(work.settings.public_url).hostname or ""
    uris = [uri for uri in event.redirect_uris if domain.redirect_is_registrable(uri, own_host=own_host)]
    values = {
        "kind": domain.ClientKind.public.value,
        "name_zh": event.name_zh,
        "name_en": event.name_en,
        "owner": event.owner,
        "auth": domain.ClientAuth.none.value,
        "grant_types": ["authorization_code", "refresh_token"] if uris else [],
        "redirect_uris": uris,
        "post_logout_redirect_uris": [],
        "scopes": ["openid", *event.scopes] if uris else [],
        "first_party": False,
        "require_pushed": False,
        "suspended_at": None,
    }
    statement = insert(ClientRow).values(values | {"client_id": event.client_id, "created_at": WallClock().now()})
    await work.session.execute(statement.on_conflict_do_update(index_elements=["client_id"], set_=values))
    left_out = [uri for uri in event.redirect_uris if uri not in uris]
    data = {"redirect_uris": uris, "left_out": left_out, "scopes": list(event.scopes), "app": event.app_id}
    work.audit.note(stream=f"client/{event.client_id}", act="micro-app-published", by=DATA_HUB, data=data)


async def micro_app_stopped(event: MicroAppStopped, work: Work) -> None:
    """Shut the client of an app out, with every grant that persons gave it."""
    row = await client_row(work, event.client_id)
    if row is not None:
        await Clients(work).suspend(row, by=DATA_HUB)
