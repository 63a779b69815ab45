"""Wiring of government collaboration: which parts it has, what it tells others and what it hears from them."""

from fastapi import FastAPI

from citykit.service import Service, Subscription, Task
from gov_collab.database import Base
from gov_collab.duties import events as duties_events
from gov_collab.duties import router as duties_router
from gov_collab.hotline import cases
from gov_collab.hotline import events as hotline_events
from gov_collab.hotline import router as hotline_router
from gov_collab.hotline import staff_router as hotline_staff_router
from gov_collab.matters import router as matters_router
from gov_collab.organisations import events as organisations_events
from gov_collab.organisations import jobs as organisations_jobs
from gov_collab.organisations import responsibility_router
from gov_collab.organisations import router as organisations_router
from gov_collab.reference import load_reference
from gov_collab.sample import load_sample
from gov_collab.settings import Settings

service = Service(
    name="gov-collab",
    package="gov_collab",
    title="政务协同 Government collaboration",
    description="部门、权责清单与 961890 便民服务热线。 Departments, responsibility lists and the 961890 hotline.",
    settings=Settings,
    routers=(
        matters_router.router,
        organisations_router.router,
        responsibility_router.router,
        responsibility_router.mesh_router,
        hotline_router.router,
        hotline_staff_router.router,
        duties_router.router,
    ),
    metadata=Base.metadata,
    publishes={
        organisations_events.AppointmentMade: ("citizen-pass",),
        organisations_events.AppointmentEnded: ("citizen-pass",),
        hotline_events.TicketTaken: ("citizen-pass",),
        hotline_events.TicketAssigned: ("citizen-pass", "city-ops"),
        hotline_events.TicketAnswered: ("citizen-pass",),
        hotline_events.TicketClosed: ("citizen-pass",),
    },
    subscriptions=(
        Subscription(hotline_events.CaseReported, cases.on_case_reported),
        Subscription(hotline_events.CaseProgressed, cases.on_case_progressed),
        Subscription(hotline_events.CaseClosed, cases.on_case_closed),
        Subscription(duties_events.OrderRaised, duties_events.on_order_raised),
    ),
    tasks=(
        Task("gov-collab.organisations.turn-appointments", organisations_jobs.turn_appointments, every="*/10 * * * *"),
    ),
    reference=load_reference,
    sample=load_sample,
)


def create_app() -> FastAPI:
    """The ASGI application, configured by the environment."""
    return service.app()
