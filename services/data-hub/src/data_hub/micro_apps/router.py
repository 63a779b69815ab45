"""HTTP face of micro-apps: the store for everybody, the developers' acts, the reviewers' acts."""

from typing import Annotated

from fastapi import Depends, Query, UploadFile

from citykit.access import anyone
from citykit.idempotency import OnceInRequest
from citykit.pages import Page
from citykit.problems import NotFound, problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.micro_apps import repository
from data_hub.micro_apps.access import Decider, Developer, DeveloperOrReviewer, Reviewer, Submitter, visible_to
from data_hub.micro_apps.domain import MOST_BYTES
from data_hub.micro_apps.errors import (
    AppExists,
    AppStateProblem,
    BundleFault,
    ManifestFault,
    OwnSubmission,
    VersionNotRising,
)
from data_hub.micro_apps.loading import AnyApp, AnyVersion, OwnApp, OwnVersion, SeenApp
from data_hub.micro_apps.schemas import (
    App,
    AppDraft,
    AppFilter,
    Approval,
    Manifest,
    Publication,
    Reason,
    Reinstatement,
    StoreApp,
    StoreFilter,
    Version,
)
from data_hub.micro_apps.service import MicroAppsInRequest

router = CityRouter(prefix="/api/data-hub/v1/micro-apps", tags=["micro-apps"])


@router.get("/store", dependencies=[Depends(anyone)])
async def list_store(query: Annotated[StoreFilter, Query()], work: WorkInRequest) -> Page[StoreApp]:
    """List the apps that run on the city 应用商店, by name."""
    return await repository.store(work, query)


@router.post("", status_code=201, responses=problems(AppExists))
async def register_app(actor: Developer, body: AppDraft, apps: MicroAppsInRequest, once: OnceInRequest) -> App:
    """Register an app of one's own department 登记应用."""
    return await once(lambda: apps.register(body, by=actor), App)


@router.get("")
async def list_apps(actor: DeveloperOrReviewer, query: Annotated[AppFilter, Query()], work: WorkInRequest) -> Page[App]:
    """List apps, newest first: those of one's department, or all for reviewers."""
    return await repository.apps(work, query, visible_to(actor))


@router.get("/{app_id}", responses=problems(NotFound))
async def read_app(app: SeenApp) -> App:
    """Read an app as those see it who answer for it."""
    return App.of(app)


@router.get("/{app_id}/versions", responses=problems(NotFound))
async def list_versions(app: SeenApp, work: WorkInRequest) -> list[Version]:
    """List all versions of an app, newest first, each with its manifest and decision."""
    rows = await repository.versions_of(work, app.app_id)
    return [Version.of(row, await repository.files_of(work, app.app_id, row.code)) for row in rows]


@router.post(
    "/{app_id}/versions",
    status_code=201,
    responses=problems(NotFound, ManifestFault, VersionNotRising, AppStateProblem),
)
async def draft_version(
    actor: Developer, app: OwnApp, body: Manifest, apps: MicroAppsInRequest, once: OnceInRequest
) -> Version:
    """Make a version of an app from its manifest."""
    return await once(lambda: apps.draft_version(app, body, by=actor), Version)


@router.post("/{app_id}/versions/{code}/bundles", responses=problems(NotFound, BundleFault, AppStateProblem))
async def upload_bundle(
    actor: Developer, app: OwnApp, version: OwnVersion, bundle: UploadFile, apps: MicroAppsInRequest
) -> Version:
    """Upload the files of a version as a ZIP of at most 5 MB; they must be exactly those of its manifest."""
    packed = await bundle.read(MOST_BYTES + 1)
    if len(packed) > MOST_BYTES:
        raise BundleFault(("应用包超过 5 MB", "The bundle is larger than 5 MB"))
    return await apps.upload(app, version, packed, by=actor)


@router.post("/{app_id}/versions/{code}/submissions", responses=problems(NotFound, AppStateProblem, ManifestFault))
async def submit_version(actor: Submitter, app: OwnApp, version: OwnVersion, apps: MicroAppsInRequest) -> Version:
    """Send a version in for review 提交审核; a person does, who answers for it."""
    return await apps.submit(app, version, by=actor)


@router.post(
    "/{app_id}/versions/{code}/approvals", responses=problems(NotFound, AppStateProblem, OwnSubmission, ManifestFault)
)
async def approve_version(
    actor: Decider, app: AnyApp, version: AnyVersion, body: Approval, apps: MicroAppsInRequest
) -> Version:
    """Approve a version, grant it scopes and publish it 批准上架; one's own submission is another's to review.

    While the app is suspended, the version waits for its publication or reinstatement.
    """
    return await apps.approve(app, version, body, by=actor)


@router.post("/{app_id}/versions/{code}/returns", responses=problems(NotFound, AppStateProblem, OwnSubmission))
async def return_version(
    actor: Decider, app: AnyApp, version: AnyVersion, body: Reason, apps: MicroAppsInRequest
) -> Version:
    """Return a version to its developers 退回."""
    return await apps.send_back(app, version, body.reason, by=actor)


@router.post("/{app_id}/publications", responses=problems(NotFound, AppStateProblem, ManifestFault))
async def publish_version(
    actor: Reviewer, app: AnyApp, body: Publication, apps: MicroAppsInRequest, work: WorkInRequest
) -> App:
    """Serve an approved version, also an earlier one 切换或回退版本; a suspension ends with it."""
    version = await repository.version_row(work, app.app_id, body.version_code)
    if version is None:
        raise NotFound
    return await apps.publish(app, version, by=actor)


@router.post("/{app_id}/suspensions", responses=problems(NotFound, AppStateProblem))
async def suspend_app(actor: Reviewer, app: AnyApp, body: Reason, apps: MicroAppsInRequest) -> App:
    """Suspend an app 暂停: its page and its client stop with the next request; its pages answer 410 `app-closed`."""
    return await apps.suspend(app, body.reason, by=actor)


@router.post("/{app_id}/reinstatements", responses=problems(NotFound, AppStateProblem, ManifestFault))
async def reinstate_app(actor: Reviewer, app: AnyApp, body: Reinstatement, apps: MicroAppsInRequest) -> App:
    """Let a suspended app run again 恢复, as it ran or with another approved version."""
    return await apps.reinstate(app, body, by=actor)


@router.post("/{app_id}/retirements", responses=problems(NotFound, AppStateProblem))
async def retire_app(actor: Reviewer, app: AnyApp, body: Reason, apps: MicroAppsInRequest) -> App:
    """Take an app off the city for good 下架."""
    return await apps.retire(app, body.reason, by=actor)
