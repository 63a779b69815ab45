"""HTTP face of seals: what a verifier needs, for everybody."""

from typing import Any

from fastapi import Depends, Response

from citykit.access import anyone
from citykit.problems import problems
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.seals.errors import SealsMissing
from data_hub.seals.keys import seal_keys

router = CityRouter(prefix="/api/data-hub/v1/seals", tags=["seals"], dependencies=[Depends(anyone)])


@router.get("/jwks.json", responses=problems(SealsMissing))
async def read_public_keys(work: WorkInRequest) -> dict[str, Any]:
    """Read the public keys of tokens and credentials 公钥 (RFC 7517)."""
    return seal_keys(work.settings).jwks()


@router.get(
    "/certificates.pem",
    response_class=Response,
    responses=problems(SealsMissing) | {200: {"content": {"application/x-pem-file": {}}}},
)
async def read_certificates(work: WorkInRequest) -> Response:
    """Read the certificates of the seal 证书 in PEM: the root, those that sign now, former ones."""
    return Response(seal_keys(work.settings).pem(), media_type="application/x-pem-file")
