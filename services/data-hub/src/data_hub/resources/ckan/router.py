"""The action API over HTTP, under both of the prefixes that clients call."""

import inspect
import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from citykit.access import anyone
from citykit.work import WorkInRequest
from data_hub import keyless
from data_hub.opened_reads import OpenedReads
from data_hub.resources.ckan.actions import MOST_ROWS, Actions
from data_hub.resources.ckan.datastore import Datastore, code_asked, no_sql
from data_hub.resources.ckan.envelope import Arguments, CkanRefusal, CkanRoute, answered, arguments, not_found

NAMES = frozenset(name for name, _ in inspect.getmembers(Actions, inspect.iscoroutinefunction) if name[:1] != "_")
_WRITES = re.compile(r"_(create|update|patch|delete|purge|upsert|reorder|revise|invite|import|follow)$|^bulk_update")
_WITH_PACKAGES = frozenset({"organization_show", "group_show", "tag_show"})
_PAGES = {  # how many packages a call wants, and how many where it does not say
    "package_search": ("rows", 10), "current_package_list_with_resources": ("limit", 100),
    "group_package_show": ("limit", MOST_ROWS),
}  # fmt: skip
router = APIRouter(
    prefix="/api/data-hub/ckan/api", dependencies=[Depends(anyone)], route_class=CkanRoute, include_in_schema=False,
    redirect_slashes=False,
)  # fmt: skip
Given = Annotated[Arguments, Depends(arguments)]


@router.api_route("/3/action/{action}", methods=["GET", "POST"])
@router.api_route("/action/{action}", methods=["GET", "POST"])
async def call_action(action: str, request: Request, given: Given, work: WorkInRequest) -> Response:
    """Answer an action of CKAN's API 开放数据接口, read-only; unknown parameters are left aside, as CKAN does."""
    help_ = f"{Actions(work).at.actions}/help_show?name={action}"
    reads, request.state.meant = OpenedReads.of(request.app.state), code_asked(given)
    store = Datastore(work, partial(reads.found, request))
    if action == "datastore_search":
        keyless.count(request)
        result, rows, read = await store.search(given)
        reads.note(request, None, read)
        return answered(help_, result, rows)
    keyless.spend(request, _weight(action, given))
    return answered(help_, await _result(action, given, store))


def _weight(action: str, given: Arguments) -> int:
    """What a call costs somebody without a key: long pages of packages something, names and single things nothing."""
    if action in _WITH_PACKAGES:
        return keyless.WHOLE_FILE if given.flag("include_datasets") else 0
    name, usual = _PAGES.get(action, ("", 0))
    return keyless.of_page(given.number(name, usual))


async def _result(action: str, given: Arguments, store: Datastore) -> object:
    if action in NAMES:
        return await getattr(Actions(store.work), action)(given)
    if action == "datastore_info":
        return await store.info(given)
    if action == "help_show":
        return _help(given.needed("name"))
    if action == "datastore_search_sql":
        raise no_sql()
    if _WRITES.search(action):
        raise CkanRefusal(403, "Authorization Error", "Access denied: 本接口只读 This API is read-only")
    raise CkanRefusal(400, "Bad Request", f"Bad request - Action name not known: {action[:100]}")


def _help(name: str) -> str:
    known = {"datastore_search": Datastore.search, "datastore_info": Datastore.info}
    found = known.get(name) or (getattr(Actions, name) if name in NAMES else None)
    if found is None:
        raise not_found("action")
    return inspect.getdoc(found) or ""
