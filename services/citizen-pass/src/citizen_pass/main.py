"""Wiring only: the parts of citizen-pass, named in one place."""

from typing import Any

from fastapi import FastAPI

from citizen_pass import sample
from citizen_pass.database import Base
from citizen_pass.identity import account_pages, oidc_router, pages_router
from citizen_pass.identity import jobs as identity_jobs
from citizen_pass.identity import router as identity
from citizen_pass.identity.events import (
    AccountVerified,
    AppointmentEnded,
    AppointmentMade,
    MicroAppPublished,
    MicroAppStopped,
)
from citizen_pass.identity.keys import SigningKeys
from citizen_pass.identity.micro_apps import micro_app_published, micro_app_stopped
from citizen_pass.identity.service import appointment_ended, appointment_made
from citizen_pass.messages import handlers
from citizen_pass.messages import jobs as message_jobs
from citizen_pass.messages import router as messages
from citizen_pass.pages import router as pages
from citizen_pass.privacy import pages_router as privacy_pages
from citizen_pass.privacy import router as privacy
from citizen_pass.settings import Settings
from citykit.service import Service, Subscription
from citykit.work import Work


async def own_keys(work: Work) -> dict[str, Any]:
    """This service's tokens are verified with the keys in its own database."""
    return await SigningKeys(work).key_set()


service = Service(
    name="citizen-pass",
    package="citizen_pass",
    title="城市通 Citizen pass",
    description="One account for every service of the city, the person's messages, and who read her data. "
    "The OpenID provider describes itself at /api/citizen-pass/oidc/.well-known/openid-configuration.",
    settings=Settings,
    routers=(
        oidc_router.router,
        pages_router.router,
        account_pages.router,
        account_pages.calls,
        pages.router,
        privacy_pages.router,
        identity.router,
        messages.router,
        privacy.router,
    ),
    metadata=Base.metadata,
    publishes={AccountVerified: ()},
    subscriptions=(
        Subscription(AppointmentMade, appointment_made),
        Subscription(AppointmentEnded, appointment_ended),
        Subscription(MicroAppPublished, micro_app_published),
        Subscription(MicroAppStopped, micro_app_stopped),
        *handlers.SUBSCRIPTIONS,
    ),
    tasks=(*identity_jobs.TASKS, *message_jobs.TASKS),
    sample=sample.load,
    token_keys=own_keys,
)


def create_app() -> FastAPI:
    """The ASGI application, configured by the environment."""
    return service.app()
