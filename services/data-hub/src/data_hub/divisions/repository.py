"""Reads of the divisions. They are public, so every read starts from all of them."""

from datetime import date

from shapely.geometry import Point, shape
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text

from citykit.identifiers.gbt2260 import InvalidDivisionCode
from citykit.work import Work
from data_hub.bigrams import bigrams, search_key
from data_hub.divisions.domain import Place, canonical, stem_of
from data_hub.divisions.models import BoundaryRow, DivisionRow
from data_hub.divisions.schemas import DivisionFilter

# The box only finds candidates: its comparison has a tolerance of 1e-6 degrees, so shapely decides.
_CANDIDATES = text(
    "select b.code, b.geometry from division_boundary b join division d using (code)"
    " where d.level = 'county' and b.extent && box(point(:x, :y), point(:x, :y)) order by b.code"
)


def _stem(code: str) -> str:
    try:
        return stem_of(code)
    except InvalidDivisionCode:
        return code


def standing_on(day: date) -> ColumnElement[bool]:
    """The divisions that exist on `day`; an unknown start lies before every day."""
    row = DivisionRow
    return and_(or_(row.valid_from.is_(None), row.valid_from <= day), or_(row.valid_to.is_(None), row.valid_to > day))


def matching(query: DivisionFilter, today: date) -> Select[DivisionRow]:
    """The divisions that a list asks for."""
    row = DivisionRow
    found = select(row).where(standing_on(query.on or today))
    if query.parent is not None:
        found = found.where(row.parent_code == canonical(query.parent))
    if query.within is not None:
        found = found.where(row.code.startswith(_stem(query.within)), row.code != canonical(query.within))
    if query.level is not None:
        found = found.where(row.level == query.level.value)
    if query.name is not None:
        key = search_key(query.name)
        found = found.where(row.name_bigrams.contains(bigrams(key)), func.strpos(row.name_key, key) > 0)
    return found


class Divisions:
    """The divisions as rows."""

    def __init__(self, work: Work) -> None:
        self._session = work.session

    async def one(self, code: str) -> DivisionRow | None:
        """The division of a canonical code, former ones too."""
        return await self._session.get(DivisionRow, code)

    async def many(self, codes: list[str]) -> list[DivisionRow]:
        """The divisions of `codes`, in that order; unknown codes are left out."""
        found = await self._session.scalars(select(DivisionRow).where(DivisionRow.code.in_(codes)))
        by_code = {row.code: row for row in found}
        return [by_code[code] for code in codes if code in by_code]

    async def boundary(self, code: str) -> BoundaryRow | None:
        """The boundary of a division."""
        return await self._session.get(BoundaryRow, code)

    async def everything(self) -> list[DivisionRow]:
        """All divisions, by code."""
        return list(await self._session.scalars(select(DivisionRow).order_by(DivisionRow.code)))

    async def bounded(self) -> list[tuple[DivisionRow, BoundaryRow]]:
        """The divisions with a boundary, by code."""
        joined = select(DivisionRow, BoundaryRow).join(BoundaryRow, BoundaryRow.code == DivisionRow.code)
        return [(row[0], row[1]) for row in await self._session.execute(joined.order_by(DivisionRow.code))]

    async def county_at(self, place: Place) -> str | None:
        """The code of the county that `place` lies in; on a shared border the lower code, so that the answer is one."""
        point = Point(place.longitude, place.latitude)
        rows = await self._session.execute(_CANDIDATES, {"x": place.longitude, "y": place.latitude})
        return next((row.code for row in rows if shape(row.geometry).covers(point)), None)
