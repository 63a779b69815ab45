"""One value of a feature corrected: the layer's next version, in which this feature alone has a new state."""

from typing import Any

from shapely.geometry import shape

from citykit.access import Actor
from citykit.work import Work
from data_hub.registries.geography.crs import PUBLISHED_IN, inward
from data_hub.registries.geography.domain import GEOMETRY, Cause, Difference, digest_of, fields_of, fits
from data_hub.registries.geography.errors import BadFeatures, NoSuchFeature, UnknownColumn
from data_hub.registries.geography.geometries import Unfit, kind_of, taken
from data_hub.registries.geography.models import DisputeRow, FeatureRow, LayerRow
from data_hub.registries.geography.preparing import Feature, names_of, period_of
from data_hub.registries.geography.repository import LayerTable
from data_hub.registries.geography.schemas import NameDraft
from data_hub.registries.geography.service import Layers, Step


def fitted(layer: LayerRow, present: FeatureRow, field: str, claimed: Any) -> Feature:
    """The feature with a value put in. Raises UnknownColumn, BadFeatures.

    A position is GeoJSON in degrees of EPSG:4490, longitude first, of the kind that the feature has.
    """
    before = Feature(present.fid, shape(present.geometry), dict(present.properties), present.batch)
    if field == GEOMETRY:
        try:
            made = taken(claimed, inward(PUBLISHED_IN["EPSG:4490"], east_first=True))
        except Unfit as error:
            raise BadFeatures((error.zh, error.en)) from error
        if kind_of({made.geometry.geom_type}) != kind_of({before.geometry.geom_type}):
            raise BadFeatures(("几何类型与原要素不同", "The geometry is of another kind than the feature's"))
        return Feature(before.fid, made.geometry, before.properties, before.batch)
    column = next((one for one in fields_of(layer.fields) if one.name == field), None)
    if column is None:
        raise UnknownColumn()
    if not fits(claimed, column.type):
        raise BadFeatures((f"属性 {field} 不是 {column.type.value}", f"{field} is no {column.type.value}"))
    return Feature(before.fid, before.geometry, before.properties | {field: claimed}, before.batch)


class Correcting:
    """Corrections within one transaction; the caller holds the layer."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._table = LayerTable(work)

    async def correct(self, layer: LayerRow, dispute: DisputeRow, value: Any, *, note: str, by: Actor) -> None:
        """Put a value in the place of the one that was disputed. Raises NoSuchFeature, UnknownColumn, BadFeatures."""
        present = await self._table.living(layer.id, dispute.fid)
        if present is None:
            raise NoSuchFeature()
        made = fitted(layer, present, dispute.field, value)
        marks = await self._table.marks(layer.id) | {made.fid: made.fingerprint}
        layer.digest = digest_of(marks)
        version = layer.version + 1
        await self._table.close(layer.id, [made.fid], version)
        await self._table.add_features(layer.id, version, [made])
        if dispute.field == GEOMETRY:
            layer.extent = await self._table.bounds(layer.id)
        timed = [one for one in (layer.datetime_field, layer.datetime_end_field) if one is not None]
        if dispute.field in timed:
            layer.period_from, layer.period_to = period_of(await self._table.times(layer.id, timed))
        if layer.named_by is not None:
            await self._table.drop_names(layer.id, [made.fid])
            await self._table.add_names(layer.id, names_of(NameDraft(**layer.named_by), [made]))
        difference = Difference([], [made.fid], [])
        await Layers(self._work).advance(layer, Step(Cause.correction, difference, by.reference, note=note))
