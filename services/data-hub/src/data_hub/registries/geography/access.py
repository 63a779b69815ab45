"""Who looks at layers: anybody, and more to those whose token says so."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from citykit.access import Requirement
from citykit.actors import ActorKind
from citykit.problems import Forbidden, Unauthenticated
from citykit.work import Work, WorkInRequest
from data_hub.opened_reads import OpenedReads, Read
from data_hub.registries.geography.domain import READ, Access, LayerField, Viewer, fields_of
from data_hub.registries.geography.errors import NoSuchLayer
from data_hub.registries.geography.models import EditionRow, LayerRow
from data_hub.registries.geography.repository import LayerTable

_signed_in = Requirement(kinds=ActorKind)  # any good token: one without the right sees what anybody sees


async def viewer(request: Request) -> Viewer:
    """Who sends this request. A token is not asked for, but one that comes must be good."""
    if "authorization" not in request.headers:
        return Viewer()
    return Viewer(await _signed_in(request))


ViewerInRequest = Annotated[Viewer, Depends(viewer)]


@dataclass(frozen=True)
class Then:
    """What was known of a layer in an earlier version; version 0 is before the first one."""

    version: int
    feature_count: int
    fields: tuple[LayerField, ...]
    access: Access


@dataclass(frozen=True)
class Seen:
    """A layer as the viewer of this request sees it, now or as it was known `then`."""

    row: LayerRow
    viewer: Viewer
    then: Then | None = None

    @property
    def version(self) -> int:
        """The version that is read."""
        return self.row.version if self.then is None else self.then.version

    @property
    def feature_count(self) -> int:
        """How many features that version has."""
        return self.row.feature_count if self.then is None else self.then.feature_count

    @property
    def _everything(self) -> tuple[LayerField, ...]:
        return fields_of(self.row.fields) if self.then is None else self.then.fields

    @property
    def fields(self) -> tuple[LayerField, ...]:
        """The columns that are shown; one that is hidden now, or was hidden then, is shown to its department alone."""
        if self.viewer.owns(self.row.department):
            return self._everything
        now = {one.name for one in fields_of(self.row.fields) if one.hidden}
        return tuple(one for one in self._everything if not one.hidden and one.name not in now)

    @property
    def hidden(self) -> list[str]:
        """The columns that are not."""
        shown = {one.name for one in self.fields}
        return [one.name for one in self._everything if one.name not in shown]

    @property
    def is_public(self) -> bool:
        """Whether everybody sees the same, so that caches on the way may keep it."""
        now = self.row.access == Access.public.value and not any(one["hidden"] for one in self.row.fields)
        if not now or self.then is None:
            return now
        return self.then.access is Access.public and not any(one.hidden for one in self.then.fields)

    @property
    def state(self) -> str:
        """What tells one version of this layer from every other: no two that differ have the same."""
        return str(self.row.edition) if self.then is None else f"{self.row.id}/{self.then.version}"


def shown(row: LayerRow | None, who: Viewer) -> Seen:
    """The layer, where the viewer may see it; a department's own layer is not there for anybody else."""
    if row is None or row.withdrawn_at is not None:
        raise NoSuchLayer()
    _admit(Access(row.access), row, who)
    return Seen(row, who)


def _admit(access: Access, row: LayerRow, who: Viewer) -> None:
    """Let through who may see a layer of that access. Raises NoSuchLayer, Unauthenticated, Forbidden."""
    if who.sees(access, row.department):
        return
    if access is Access.department:
        raise NoSuchLayer()
    if who.actor is None:
        raise Unauthenticated(headers={"WWW-Authenticate": f'Bearer scope="{READ}"'})
    challenge = f'Bearer error="insufficient_scope", scope="{READ}"'
    raise Forbidden((f"缺少权限 {READ}", f"Missing scope {READ}"), headers={"WWW-Authenticate": challenge})


LayerPath = Annotated[str, Path(max_length=60, examples=["divisions"], description="The id of a collection")]


async def seen_layer(request: Request, layer: LayerPath, who: ViewerInRequest, work: WorkInRequest) -> Seen:
    """The layer that the path names."""
    row = await LayerTable(work).one(layer)
    if row is not None:
        OpenedReads.of(request.app.state).found(request, f"layer/{row.id}")
    return shown(row, who)


async def kept_layer(layer: LayerPath, who: ViewerInRequest, work: WorkInRequest) -> Seen:
    """The layer that the path names; a withdrawn one is still there for the department that answers for it."""
    row = await LayerTable(work).one(layer)
    if row is not None and row.withdrawn_at is not None and who.owns(row.department):
        return Seen(row, who)
    return shown(row, who)


async def as_known(work: Work, seen: Seen, instant: datetime | None) -> Seen:
    """The layer as it was known at an instant; as it is where none is named.

    Who may not see the layer as it was published then does not see that version now. Raises as `shown`.
    """
    if instant is None:
        return seen
    return seen_then(seen, await LayerTable(work).edition_at(seen.row.id, instant))


def seen_then(seen: Seen, edition: EditionRow | None) -> Seen:
    """The layer as a version had it; without one, as it was before the first. Raises as `shown`."""
    if edition is None:
        return replace(seen, then=Then(0, 0, fields_of(seen.row.fields), Access(seen.row.access)))
    access = Access(edition.access)
    _admit(access, seen.row, seen.viewer)
    return replace(seen, then=Then(edition.version, edition.feature_count, fields_of(edition.fields), access))


def note_read(request: Request, seen: Seen, action: str, features: int) -> None:
    """Note that features of a layer were read which everybody may see."""
    if seen.row.access == Access.public.value:
        read = Read(f"layer/{seen.row.id}", action, features, tuple(one.name for one in seen.fields))
        OpenedReads.of(request.app.state).note(request, seen.viewer.actor, read)


SeenInRequest = Annotated[Seen, Depends(seen_layer)]
KeptInRequest = Annotated[Seen, Depends(kept_layer)]
