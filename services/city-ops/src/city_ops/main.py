"""Wiring of city-ops, nothing else."""

from fastapi import FastAPI

from city_ops.cases import jobs as case_jobs
from city_ops.cases import router as cases
from city_ops.cases.events import CaseClosed, CaseProgressed, CaseReported, TicketAssigned
from city_ops.cases.service import LOCATE
from city_ops.database import Base
from city_ops.environment import router as environment
from city_ops.environment.events import OrderRaised
from city_ops.environment.handover import ASSIGN
from city_ops.environment.jobs import assign_order
from city_ops.sample import load_sample
from city_ops.settings import Settings
from citykit.service import Service, Subscription, Task

service = Service(
    name="city-ops",
    package="city_ops",
    title="城市运行管理 City operations",
    description="环境监测、城市管理案件 The city's air and its orders; cases of city management",
    settings=Settings,
    routers=(environment.router, cases.router),
    metadata=Base.metadata,
    publishes={
        CaseReported: ("gov-collab", "citizen-pass"),
        CaseProgressed: ("gov-collab", "citizen-pass"),
        CaseClosed: ("gov-collab", "citizen-pass"),
        OrderRaised: ("gov-collab",),
    },
    subscriptions=(Subscription(TicketAssigned, case_jobs.on_ticket_assigned),),
    tasks=(
        Task(ASSIGN, assign_order),
        Task(LOCATE, case_jobs.locate),
        Task("city-ops.cases.discard-photos", case_jobs.discard_loose_photos, every="17 * * * *"),
    ),
    sample=load_sample,
)


def create_app() -> FastAPI:
    """The application, configured by the environment."""
    return service.app()
