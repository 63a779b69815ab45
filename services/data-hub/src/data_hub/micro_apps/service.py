"""The acts on micro-apps: register, make a version, upload, submit, decide, publish, go back, suspend, retire."""

import asyncio
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends
from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from citykit.actors import Actor
from citykit.problems import FieldError, NotFound
from citykit.work import Work, WorkInRequest
from data_hub.micro_apps import bundle, repository
from data_hub.micro_apps.domain import (
    GRANTABLE,
    AppState,
    VersionState,
    address_of,
    app_after,
    client_id_of,
    manifest_faults,
    refused_scopes,
    rights_faults,
    version_after,
)
from data_hub.micro_apps.errors import AppExists, AppStateProblem, ManifestFault, OwnSubmission, VersionNotRising
from data_hub.micro_apps.events import MicroAppPublished, MicroAppStopped
from data_hub.micro_apps.models import AppRow, FileRow, VersionRow
from data_hub.micro_apps.schemas import App, AppDraft, Approval, Manifest, Reinstatement, Version
from data_hub.organisations import called


class MicroApps:
    """The acts on micro-apps within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def register(self, draft: AppDraft, *, by: Actor) -> App:
        """Register an app of the actor's department. Raises AppExists, NotFound where she serves in no department."""
        if by.department is None:
            raise NotFound
        values = draft.model_dump() | {
            "department": by.department, "department_name": called(by, draft.department_name),
            "state": AppState.draft.value, "scopes": [],
            "registered_at": self.work.clock.now(),
        }  # fmt: skip
        statement = insert(AppRow).values(values).on_conflict_do_nothing().returning(AppRow)
        row = (await self.work.session.scalars(statement)).one_or_none()
        if row is None:
            raise AppExists
        self._note(row, "register", by)
        return App.of(row)

    async def draft_version(self, app: AppRow, manifest: Manifest, *, by: Actor) -> Version:
        """Make a version of an app. Raises ManifestFault, VersionNotRising, AppStateProblem for a retired app."""
        if app.state == AppState.retired:
            raise AppStateProblem
        self._hold_to_rules(manifest, manifest.scopes, "/body/")
        highest = await self.work.session.scalar(
            select(func.max(VersionRow.code)).where(VersionRow.app_id == app.app_id)
        )
        if highest is not None and manifest.version_code <= highest:
            raise VersionNotRising
        row = VersionRow(
            app_id=app.app_id, code=manifest.version_code, name=manifest.version_name,
            manifest=manifest.model_dump(mode="json"), state=VersionState.draft.value, submitted_by=None,
            decided_by=None, decision=None, granted_scopes=[], made_at=self.work.clock.now(), decided_at=None,
        )  # fmt: skip
        self.work.session.add(row)
        await self.work.session.flush()
        self._note(app, "draft-version", by, version=row.code)
        return Version.of(row, [])

    async def upload(self, app: AppRow, version: VersionRow, packed: bytes, *, by: Actor) -> Version:
        """Take the files of a version; what was uploaded before is replaced. Raises BundleFault, AppStateProblem."""
        version.state = self._moved("upload", version)
        promised = Manifest.model_validate(version.manifest).files
        files = await asyncio.to_thread(bundle.opened, packed, promised)
        mine = (FileRow.app_id == app.app_id, FileRow.code == version.code)
        await self.work.session.execute(delete(FileRow).where(*mine))
        for path, content in files.items():
            self.work.session.add(
                FileRow(app_id=app.app_id, code=version.code, path=path, sha256=promised[path], content=content)
            )
        await self.work.session.flush()
        self._note(app, "upload", by, version=version.code)
        return Version.of(version, sorted(files))

    async def submit(self, app: AppRow, version: VersionRow, *, by: Actor) -> Version:
        """Send a version in for review 提交审核. Raises AppStateProblem, also without its files, ManifestFault.

        What a later version overtook is not reviewed any more: approving it would take the app back unnoticed.
        """
        await self._not_overtaken(version)
        files = await repository.files_of(self.work, app.app_id, version.code)
        if not files:
            raise AppStateProblem(("应用包尚未上传", "The bundle is not uploaded yet"))
        manifest = Manifest.model_validate(version.manifest)
        self._hold_to_rules(manifest, manifest.scopes, "/manifest/")
        version.state, version.submitted_by = self._moved("submit", version), UUID(by.subject)
        self._note(app, "submit", by, version=version.code)
        return Version.of(version, files)

    async def approve(self, app: AppRow, version: VersionRow, approval: Approval, *, by: Actor) -> Version:
        """Approve a version with at most the scopes it asked for, and publish it unless the app is suspended.

        Earlier versions that still wait for a decision are overtaken by it. Raises OwnSubmission, AppStateProblem,
        ManifestFault where a scope is granted that it did not ask for, or that no app may have.
        """
        self._foreign(version, by)
        manifest = Manifest.model_validate(version.manifest)
        if beyond := refused_scopes(manifest.scopes, approval.scopes):
            raise ManifestFault((f"未申请的权限:{'、'.join(beyond)}", f"It never asked for {', '.join(beyond)}"))
        self._hold_to_rules(manifest, approval.scopes, "/manifest/")
        version.state, version.granted_scopes = self._moved("approve", version), list(approval.scopes)
        self._decided(version, approval.note, by)
        self._note(app, "approve", by, version=version.code, scopes=list(approval.scopes))
        waiting = (VersionRow.code < version.code, VersionRow.state == VersionState.review.value)
        await self.work.session.execute(
            update(VersionRow)
            .where(VersionRow.app_id == app.app_id, *waiting)
            .values(state=VersionState.superseded.value)
        )
        if app.state != AppState.suspended:
            self._go_live(app, version, "publish")
        return Version.of(version, await repository.files_of(self.work, app.app_id, version.code))

    async def send_back(self, app: AppRow, version: VersionRow, reason: str, *, by: Actor) -> Version:
        """Return a version to its developers 退回. Raises OwnSubmission, AppStateProblem."""
        self._foreign(version, by)
        version.state = self._moved("return", version)
        self._decided(version, reason, by)
        self._note(app, "return", by, version=version.code)
        return Version.of(version, await repository.files_of(self.work, app.app_id, version.code))

    async def publish(self, app: AppRow, version: VersionRow, *, by: Actor) -> App:
        """Serve an approved version, also an earlier one 回退; a suspension ends.

        Raises AppStateProblem, ManifestFault.
        """
        self._note(app, "publish", by, version=version.code)
        self._go_live(app, version, "publish")
        return App.of(app)

    async def suspend(self, app: AppRow, reason: str, *, by: Actor) -> App:
        """Suspend an app 暂停: the next request gets its notice, no file. Raises AppStateProblem."""
        return self._stop(app, "suspend", reason, by)

    async def retire(self, app: AppRow, reason: str, *, by: Actor) -> App:
        """Retire an app 下架, for good. Raises AppStateProblem."""
        return self._stop(app, "retire", reason, by)

    async def reinstate(self, app: AppRow, wish: Reinstatement, *, by: Actor) -> App:
        """Let a suspended app run again 恢复, as it ran or with another approved version.

        Raises AppStateProblem, NotFound, ManifestFault.
        """
        self._reached("reinstate", app)
        version = await repository.version_row(self.work, app.app_id, wish.version_code or app.live_code or 0)
        if version is None:
            raise NotFound
        self._note(app, "reinstate", by, version=version.code, reason=wish.reason)
        self._go_live(app, version, "reinstate")
        app.state_reason = wish.reason
        return App.of(app)

    def _go_live(self, app: AppRow, version: VersionRow, act: str) -> None:
        if version.state != VersionState.approved:
            raise AppStateProblem
        manifest = Manifest.model_validate(version.manifest)
        self._hold_to_rules(manifest, version.granted_scopes, "/manifest/")
        app.state, app.state_reason = self._reached(act, app), None
        app.live_code, app.scopes = version.code, version.granted_scopes
        app.published_at = self.work.clock.now()
        for name, value in manifest.told().items():
            setattr(app, name, value)
        self._announce(app, version, manifest)

    def _announce(self, app: AppRow, version: VersionRow, manifest: Manifest) -> None:
        public, granted = self.work.settings.public_url.rstrip("/"), version.granted_scopes
        frame = [public + address_of(app.app_id, granted)] if granted else []
        event = MicroAppPublished(
            app_id=app.app_id, client_id=client_id_of(app.app_id), name_zh=app.name_zh, name_en=app.name_en,
            owner=app.department_name, version_code=version.code, redirect_uris=[*frame, *manifest.redirect_uris],
            scopes=version.granted_scopes, published_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.events.record(event, subject=app.app_id)

    def _stop(self, app: AppRow, act: str, reason: str, by: Actor) -> App:
        app.state, app.state_reason = self._reached(act, app), reason
        self._note(app, act, by, reason=reason)
        event = MicroAppStopped(
            app_id=app.app_id, client_id=client_id_of(app.app_id), final=act == "retire", reason=reason,
            stopped_at=self.work.clock.now(),
        )  # fmt: skip
        self.work.events.record(event, subject=app.app_id)
        return App.of(app)

    def _hold_to_rules(self, manifest: Manifest, scopes: Sequence[str], at: str) -> None:
        """Refuse a manifest that breaks the rules, or scopes that no app may have. Raises ManifestFault."""
        own_host = urlsplit(self.work.settings.public_url).hostname or ""
        wrong = manifest_faults(manifest.files, manifest.pages, manifest.platform_version)
        wrong += rights_faults(scopes, manifest.redirect_uris, own_host)
        if not wrong:
            return
        asking = any(fault.startswith("scopes/") for fault in wrong)
        detail = (f"应用可申请的权限:{'、'.join(GRANTABLE)}", f"What an app may be granted: {', '.join(GRANTABLE)}")
        errors = [FieldError(pointer=at + where, code="fault", message=why) for where, _, why in _parted(wrong)]
        raise ManifestFault(detail if asking else None, errors=errors)

    @staticmethod
    def _reached(act: str, app: AppRow) -> str:
        reached = app_after(act, AppState(app.state))
        if reached is None:
            raise AppStateProblem
        return reached.value

    @staticmethod
    def _moved(act: str, version: VersionRow) -> str:
        reached = version_after(act, VersionState(version.state))
        if reached is None:
            raise AppStateProblem
        return reached.value

    @staticmethod
    def _foreign(version: VersionRow, by: Actor) -> None:
        if version.submitted_by is not None and str(version.submitted_by) == by.subject:
            raise OwnSubmission

    async def _not_overtaken(self, version: VersionRow) -> None:
        later = (VersionRow.code > version.code, VersionRow.state == VersionState.approved.value)
        if await self.work.session.scalar(select(exists().where(VersionRow.app_id == version.app_id, *later))):
            raise AppStateProblem(("更高的版本已获批准", "A later version is approved already"))

    def _decided(self, version: VersionRow, said: str, by: Actor) -> None:
        version.decision, version.decided_by, version.decided_at = said, UUID(by.subject), self.work.clock.now()

    def _note(self, app: AppRow, act: str, by: Actor, **data: object) -> None:
        self.work.audit.note(stream=f"micro-app/{app.app_id}", act=act, by=by, data=data)


def _parted(faults: list[str]) -> list[tuple[str, str, str]]:
    return [fault.partition(": ") for fault in faults]


async def micro_apps(work: WorkInRequest) -> MicroApps:
    """The acts, for a handler."""
    return MicroApps(work)


MicroAppsInRequest = Annotated[MicroApps, Depends(micro_apps)]
