"""The shape of a resource's rows, personal and secret items sealed; and rows that lie otherwise sealed as it says."""

from sqlalchemy import select

from citykit.work import Work
from data_hub.datasets.domain import Column, Shape
from data_hub.datasets.models import DatasetRow
from data_hub.datasets.resealing import Resealing
from data_hub.datasets.service import Datasets
from data_hub.resources.domain import sealing_of
from data_hub.resources.schemas import Description
from data_hub.resources.service import Resources

SEAL_TASK = "data-hub.resources.seal-rows"


def shape_of(content: Description) -> Shape:
    """The shape of the rows that a description promises."""
    columns = (Column(one.name, one.title, one.type, one.required, sealing_of(one)) for one in content.items)
    return Shape(tuple(columns), content.key)


class Sealing:
    """Seals rows within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work

    async def seal(self, code: str) -> int:
        """Seal the rows of a resource as its published description says; how many lay otherwise."""
        # As a batch does: the row of the data set is locked first, so that no batch comes between.
        locked = select(DatasetRow.id).where(DatasetRow.resource == code).with_for_update()
        resource = await Resources(self.work).published(code)
        if resource is None or await self.work.session.scalar(locked) is None:
            return 0
        dataset = await Datasets(self.work).need(code)
        return await Resealing(self.work).apply(dataset, dataset.shape.sealed_as(shape_of(resource)))

    async def find(self) -> None:
        """Queue the resources whose rows lie otherwise than their descriptions say, those from before sealing first."""
        for code in list(await self.work.session.scalars(select(DatasetRow.resource).order_by(DatasetRow.made_at))):
            resource = await Resources(self.work).published(code)
            if resource is None:
                continue
            dataset = await Datasets(self.work).need(code)
            if dataset.shape != dataset.shape.sealed_as(shape_of(resource)):
                self.work.jobs.defer(SEAL_TASK, lock=f"ingest/{code}", resource=code)
