"""The list of purposes over HTTP, for everybody."""

from fastapi import Depends

from citykit.access import anyone
from citykit.routing import CityRouter
from citykit.work import WorkInRequest
from data_hub.registries.purposes.schemas import PurposeList
from data_hub.registries.purposes.service import purposes

router = CityRouter(prefix="/api/data-hub/v1/purposes", tags=["使用目的 Purposes"], dependencies=[Depends(anyone)])


@router.get("")
async def list_purposes(work: WorkInRequest) -> PurposeList:
    """List what personal data may be used for, with legal basis and fields 使用目的目录."""
    return await purposes(work)
