"""Layers that are made of a resource's rows show no more than the directory allows, also after it changed its mind."""

from sqlalchemy import select

from citykit.actors import Actor, ActorKind
from citykit.work import Work
from data_hub.registries.geography.domain import Access, fields_of
from data_hub.registries.geography.errors import NotOpened
from data_hub.registries.geography.models import LayerRow
from data_hub.registries.geography.points import allowed
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.service import Layers
from data_hub.resources.service import Resources

SELF = Actor("data-hub", ActorKind.service)
WHY = "所依据的数据资源已撤销或不再对此范围公开 Its resource was withdrawn, or is not for so many any more"


async def obey(work: Work, resource: str) -> None:
    """Take the layers of a resource off the map that show what it does not open any more."""
    described = await Resources(work).published(resource)
    found = select(LayerRow.id).where(LayerRow.resource == resource, LayerRow.withdrawn_at.is_(None))
    for layer in await work.session.scalars(found.order_by(LayerRow.id)):
        row = await LayerTable(work).one(layer, lock=True)
        if row is None or row.withdrawn_at is not None or row.resource != resource:
            continue
        try:
            if described is None:
                raise NotOpened
            allowed(described, tuple(one.name for one in fields_of(row.fields)), Access(row.access))
        except NotOpened:
            await Layers(work).take_off(row, WHY, by=SELF)
