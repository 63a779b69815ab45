"""Wiring of the data hub."""

from fastapi import FastAPI

from citykit.service import Service
from data_hub.database import Base
from data_hub.divisions import router as division_routes
from data_hub.micro_apps import pages_router as app_pages
from data_hub.micro_apps import router as micro_app_routes
from data_hub.micro_apps.events import MicroAppPublished, MicroAppStopped
from data_hub.reference import load_reference
from data_hub.registries.legal_entities import router as entity_routes
from data_hub.registries.legal_entities.events import LegalEntityChanged
from data_hub.registries.population import router as population_routes
from data_hub.registries.population.events import PersonChanged
from data_hub.registries.purposes import router as purpose_routes
from data_hub.sample import load_sample
from data_hub.settings import Settings

service = Service(
    name="data-hub",
    package="data_hub",
    title="大数据中心 Data hub",
    description="行政区划、人口库、法人库 Divisions, population registry, legal-entity registry",
    settings=Settings,
    routers=(
        division_routes.router,
        division_routes.internal,
        purpose_routes.router,
        population_routes.router,
        population_routes.internal,
        entity_routes.router,
        entity_routes.internal,
        micro_app_routes.router,
        app_pages.router,
    ),
    metadata=Base.metadata,
    publishes={
        PersonChanged: ("citizen-pass",),
        LegalEntityChanged: ("enterprise",),
        MicroAppPublished: ("citizen-pass",),
        MicroAppStopped: ("citizen-pass",),
    },
    reference=load_reference,
    sample=load_sample,
)


def create_app() -> FastAPI:
    """The application that the environment configures."""
    return service.app()
