"""Wiring of the data hub."""

from fastapi import FastAPI

from citykit.service import Service
from data_hub.credit import firm_router as credit_of_firms
from data_hub.credit import report_router as credit_reports
from data_hub.credit import router as credit_routes
from data_hub.credit import rules_router as credit_rules
from data_hub.credit.events import CreditAnswered, CreditEnded, CreditRecorded
from data_hub.credit.jobs import TASKS as CREDIT_TASKS
from data_hub.database import Base
from data_hub.divisions import router as division_routes
from data_hub.ingest import lineage_router as lineage_routes
from data_hub.ingest import mending_router as mending_routes
from data_hub.ingest import router as ingest_routes
from data_hub.ingest import source_router as pull_routes
from data_hub.ingest.jobs import TASKS as INGEST_TASKS
from data_hub.licences import holder_router as own_licence_routes
from data_hub.licences import router as licence_routes
from data_hub.licences import use_router as licence_use_routes
from data_hub.licences.events import LicenceIssued, LicencesHandedOut, LicenceStatusChanged
from data_hub.licences.jobs import TASKS as LICENCE_TASKS
from data_hub.licences.portal import pages_router as verification_pages
from data_hub.micro_apps import pages_router as app_pages
from data_hub.micro_apps import router as micro_app_routes
from data_hub.micro_apps.events import MicroAppPublished, MicroAppStopped
from data_hub.reference import load_reference
from data_hub.registries.archiving import TASKS as ARCHIVE_TASKS
from data_hub.registries.changes import router as change_routes
from data_hub.registries.corrections import router as correction_routes
from data_hub.registries.corrections.events import CorrectionDecided
from data_hub.registries.corrections.jobs import TASKS as CORRECTION_TASKS
from data_hub.registries.feeding import router as feed_routes
from data_hub.registries.feeding.jobs import TASKS as FEED_TASKS
from data_hub.registries.geography import corrections_router as layer_correction_routes
from data_hub.registries.geography import features_router as feature_routes
from data_hub.registries.geography import router as layer_routes
from data_hub.registries.geography import tiles_router as tile_routes
from data_hub.registries.geography.events import LayerPublished
from data_hub.registries.geography.geocoding import router as geocoding_routes
from data_hub.registries.geography.jobs import TASKS as LAYER_TASKS
from data_hub.registries.legal_entities import router as entity_routes
from data_hub.registries.legal_entities.events import LegalEntityChanged
from data_hub.registries.macro_economy import router as indicator_routes
from data_hub.registries.macro_economy import sdmx_routes
from data_hub.registries.macro_economy.events import IndicatorsReleased
from data_hub.registries.mergers import same_persons
from data_hub.registries.merging import router as merging_routes
from data_hub.registries.population import router as population_routes
from data_hub.registries.population.events import PersonChanged, PersonMerged, PersonParted
from data_hub.registries.purposes import router as purpose_routes
from data_hub.registries.sources import router as source_routes
from data_hub.resources import public_router as catalogue_routes
from data_hub.resources import router as resource_routes
from data_hub.resources.ckan import router as ckan_routes
from data_hub.resources.dcat import router as dcat_routes
from data_hub.resources.events import ResourceChanged, ResourcePublished, ResourceWithdrawn
from data_hub.resources.jobs import TASKS as RESOURCE_TASKS
from data_hub.resources.portal import pages_router as catalogue_pages
from data_hub.sample import load_sample
from data_hub.seals import router as seal_routes
from data_hub.services import pages_router as service_pages
from data_hub.services import partners_router as partner_routes
from data_hub.services import router as row_routes
from data_hub.services.jobs import TASKS as SERVICE_TASKS
from data_hub.settings import Settings
from data_hub.sharing import deliveries_router as delivery_routes
from data_hub.sharing import evidence_router as evidence_routes
from data_hub.sharing import router as sharing_routes
from data_hub.sharing.jobs import TASKS as SHARING_TASKS

service = Service(
    name="data-hub",
    package="data_hub",
    title="大数据中心 Data hub",
    description="基础库、数据目录、归集、共享、证照、信用 Registries, directory, gathering, sharing, licences, credit",
    settings=Settings,
    routers=(
        division_routes.router,
        division_routes.internal,
        purpose_routes.router,
        population_routes.router,
        population_routes.internal,
        entity_routes.router,
        entity_routes.internal,
        source_routes.router,
        feed_routes.router,
        change_routes.router,
        merging_routes.router,
        correction_routes.router,
        correction_routes.about,
        layer_routes.router,
        layer_correction_routes.router,
        geocoding_routes.router,
        feature_routes.router,
        tile_routes.router,
        resource_routes.router,
        catalogue_routes.router,
        catalogue_pages.router,
        dcat_routes.router,
        ckan_routes.router,
        indicator_routes.router,
        indicator_routes.flows,
        sdmx_routes.router,
        credit_routes.router,
        credit_rules.router,
        credit_of_firms.router,
        credit_reports.router,
        seal_routes.router,
        own_licence_routes.router,
        licence_use_routes.router,
        licence_routes.router,
        verification_pages.router,
        lineage_routes.router,
        mending_routes.router,
        pull_routes.router,
        ingest_routes.router,
        sharing_routes.router,
        delivery_routes.router,
        evidence_routes.router,
        partner_routes.router,
        row_routes.router,
        service_pages.router,
        micro_app_routes.router,
        app_pages.router,
    ),
    metadata=Base.metadata,
    publishes={
        PersonChanged: ("citizen-pass",),
        PersonMerged: ("citizen-pass",),
        PersonParted: ("citizen-pass",),
        LegalEntityChanged: ("enterprise",),
        IndicatorsReleased: (),
        LayerPublished: (),
        ResourcePublished: (),
        ResourceChanged: (),
        ResourceWithdrawn: (),
        MicroAppPublished: ("citizen-pass",),
        MicroAppStopped: ("citizen-pass",),
        CreditRecorded: ("citizen-pass",),
        CreditEnded: (),
        CreditAnswered: ("citizen-pass",),
        CorrectionDecided: ("citizen-pass",),
        LicenceIssued: (),
        LicencesHandedOut: ("citizen-pass",),
        LicenceStatusChanged: ("citizen-pass",),
    },
    tasks=(
        *ARCHIVE_TASKS,
        *CORRECTION_TASKS,
        *CREDIT_TASKS,
        *FEED_TASKS,
        *LAYER_TASKS,
        *LICENCE_TASKS,
        *INGEST_TASKS,
        *RESOURCE_TASKS,
        *SERVICE_TASKS,
        *SHARING_TASKS,
    ),
    reference=load_reference,
    sample=load_sample,
    known_as=same_persons,
)


def create_app() -> FastAPI:
    """The application that the environment configures."""
    return service.app()
