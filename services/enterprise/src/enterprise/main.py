"""The enterprise service 企业融合服务: wiring only."""

from fastapi import FastAPI

from citykit.service import Service, Subscription, Task
from enterprise.database import Base
from enterprise.firms import jobs as firm_jobs
from enterprise.firms import router as firms
from enterprise.firms.events import LegalEntityChanged
from enterprise.firms.service import REFRESH, on_legal_entity_changed
from enterprise.requests import jobs as request_jobs
from enterprise.requests import router as requests
from enterprise.requests.events import RequestAnswered, RequestEscalated, RequestSubmitted
from enterprise.requests.profiles import load_reference
from enterprise.requests.service import ROUTE
from enterprise.settings import Settings

service = Service(
    name="enterprise",
    package="enterprise",
    title="企业融合服务 Enterprise",
    description="企业档案与企业诉求 Firm files and requests of firms, with working-time limits.",
    settings=Settings,
    routers=(firms.router, requests.router),
    metadata=Base.metadata,
    publishes={
        RequestSubmitted: ("citizen-pass",),
        RequestAnswered: ("citizen-pass",),
        RequestEscalated: ("citizen-pass",),
    },
    subscriptions=(Subscription(LegalEntityChanged, on_legal_entity_changed),),
    tasks=(
        Task(REFRESH, firm_jobs.refresh),
        Task(ROUTE, request_jobs.route),
        Task(request_jobs.ESCALATE, request_jobs.escalate, every="* * * * *"),
        Task(request_jobs.SETTLE, request_jobs.settle, every="* * * * *"),
        Task(request_jobs.RECALCULATE, request_jobs.recalculate, every="*/5 * * * *"),
    ),
    reference=load_reference,
)


def create_app() -> FastAPI:
    """The application, configured by the environment."""
    return service.app()
