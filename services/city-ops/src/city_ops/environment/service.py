"""The acts of the air: take in hours, derive what they mean, and hand over an order where a threshold is crossed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from city_ops.environment import repository
from city_ops.environment.domain import (
    AirIndex,
    NothingInForce,
    Pollutant,
    daily_index,
    day_of,
    hourly_index,
    mean,
    means_of_day,
    place_in_day,
    rounded,
)
from city_ops.environment.errors import ObservationsRefused
from city_ops.environment.handover import Orders
from city_ops.environment.models import DayRow, HourRow, StationRow, SupersededHourRow
from city_ops.environment.orders import StationOrders, crossing
from city_ops.environment.schemas import (
    CityAir,
    CityHour,
    Concentrations,
    Index,
    IngestReport,
    ObservationDraft,
    Station,
    StationDraft,
    StationNow,
)
from city_ops.environment.standards import index_table_on, limits_on, order_rule_on
from citykit.access import Actor
from citykit.problems import FieldError, NotFound
from citykit.work import Work

# Clocks of stations run a little ahead; an hour that ends later than this has not been measured.
CLOCK_TOLERANCE = timedelta(minutes=5)
LAST_HOURS = timedelta(hours=24)

Key = tuple[str, datetime]


class Air:
    """The air's acts within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.orders = Orders(work)

    async def register(self, code: str, draft: StationDraft, *, by: Actor | str) -> Station:
        """Register a station, or say anew where and what it is."""
        row = await self.work.session.get(StationRow, code, with_for_update=True)
        if row is None:
            row = StationRow(code=code, created_at=self.work.clock.now())
            self.work.session.add(row)
        row.name, row.division_code = draft.name, draft.division_code
        row.longitude, row.latitude = float(draft.longitude), float(draft.latitude)
        await self.work.session.flush()
        self.work.audit.note(stream=f"station/{code}", act="register", by=by, data=draft.model_dump(mode="json"))
        return Station.of(row)

    async def station(self, code: str) -> StationRow:
        """The station `code`. Raises 404."""
        row = await self.work.session.get(StationRow, code)
        if row is None:
            raise NotFound()
        return row

    async def take_in(self, batch: Sequence[ObservationDraft], *, by: Actor) -> IngestReport:
        """Take in a batch of hours: all of it or, where any row is wrong, nothing.

        A station's hour that is known with the same values changes nothing; with other values it is revised and the
        earlier ones are kept. Hourly and daily indices follow at once, and an order where a threshold is crossed.
        Raises 422 `observations-refused` with a pointer to each wrong row.
        """
        stations = await repository.stations_to_report_for(self.work.session, {o.station_code for o in batch})
        self._refuse_wrong_rows(batch, stations)
        touched = {(o.station_code, day_of(o.observed_at)) for o in batch}
        hours = {(h.station_code, h.observed_at): h for h in await repository.hours_around(self.work.session, touched)}
        fresh = [o for o in batch if (o.station_code, o.observed_at) not in hours]
        known = [(o, hours[o.station_code, o.observed_at]) for o in batch if (o.station_code, o.observed_at) in hours]
        revised = [o for o, row in known if _differs(row, o)]
        if fresh or revised:
            await self._store(fresh, revised, hours)
            await self._derive_days({(o.station_code, day_of(o.observed_at)) for o in (*fresh, *revised)}, hours)
        raised = await self._raise_orders([*fresh, *revised], stations, hours)
        self.work.audit.note(
            stream=f"air-reports/{by.subject}",
            act="report",
            by=by,
            data={"received": len(batch), "stored": len(fresh), "revised": len(revised)},
        )
        return IngestReport(
            received=len(batch),
            stored=len(fresh),
            revised=len(revised),
            unchanged=len(batch) - len(fresh) - len(revised),
            orders=raised,
        )

    def _refuse_wrong_rows(self, batch: Sequence[ObservationDraft], stations: dict[str, StationRow]) -> None:
        latest = self.work.clock.now() + CLOCK_TOLERANCE
        errors: list[FieldError] = []
        seen: set[Key] = set()
        for place, row in enumerate(batch):
            fault = _fault(row, stations, latest, seen)
            if fault is not None:
                field, code, message = fault
                errors.append(FieldError(pointer=f"/body/observations/{place}/{field}", code=code, message=message))
            seen.add((row.station_code, row.observed_at))
        if errors:
            raise ObservationsRefused(errors=errors[:50])

    async def _store(
        self, fresh: Sequence[ObservationDraft], revised: Sequence[ObservationDraft], hours: dict[Key, HourRow]
    ) -> None:
        now = self.work.clock.now()
        before = [hours[o.station_code, o.observed_at] for o in revised]
        if before:
            await self.work.session.execute(insert(SupersededHourRow), [_superseded(row, now) for row in before])
        for draft, row in zip(revised, before, strict=True):
            for name, value in (_derived(draft) | {"revision": row.revision + 1, "received_at": now}).items():
                setattr(row, name, value)
        rows = [HourRow(**_derived(draft), revision=0, received_at=now) for draft in fresh]
        self.work.session.add_all(rows)
        hours.update({(row.station_code, row.observed_at): row for row in rows})
        await self.work.session.flush()

    async def _derive_days(self, days: set[tuple[str, date]], hours: dict[Key, HourRow]) -> None:
        of_day: dict[tuple[str, date], list[HourRow]] = defaultdict(list)
        for row in hours.values():
            of_day[row.station_code, row.day].append(row)
        now = self.work.clock.now()
        values = [_day(code, day, of_day[code, day]) | {"computed_at": now} for code, day in sorted(days)]
        statement = upsert(DayRow)
        changed = {name: statement.excluded[name] for name in values[0] if name not in {"station_code", "day"}}
        await self.work.session.execute(
            statement.on_conflict_do_update(index_elements=["station_code", "day"], set_=changed), values
        )

    async def _raise_orders(
        self, changed: Iterable[ObservationDraft], stations: dict[str, StationRow], hours: dict[Key, HourRow]
    ) -> list[str]:
        candidates: dict[str, list[datetime]] = defaultdict(list)
        for draft in changed:
            row = hours[draft.station_code, draft.observed_at]
            if row.aqi is not None and row.aqi > order_rule_on(row.day).above:
                candidates[row.station_code].append(row.observed_at)
        if not candidates:
            return []
        known = await repository.orders_of(self.work.session, candidates)
        numbers = []
        for code, at in sorted(candidates.items()):
            indices = {moment: row.aqi for (station, moment), row in hours.items() if station == code}
            above = order_rule_on(day_of(min(at))).above
            hour = crossing(indices, at, above, known.get(code, StationOrders()))
            if hour is not None:
                numbers.append((await self.orders.raise_for(stations[code], hours[code, hour])).number)
        return numbers

    async def city(self) -> CityAir:
        """The air of the city: each hour is the mean over its stations 城市均值, with that mean's index."""
        stations = [StationNow.of(*pair) for pair in await repository.stations_now(self.work.session)]
        latest = max((now.hour.observed_at for now in stations if now.hour is not None), default=None)
        if latest is None:
            return CityAir(now=None, stations=stations, last_hours=[])
        by_hour: dict[datetime, list[HourRow]] = defaultdict(list)
        for row in await repository.hours_until(self.work.session, latest, LAST_HOURS):
            by_hour[row.observed_at].append(row)
        hours = [_city_hour(at, rows) for at, rows in by_hour.items()]
        return CityAir(now=hours[-1], stations=stations, last_hours=hours)


def _fault(
    row: ObservationDraft, stations: dict[str, StationRow], latest: datetime, seen: set[Key]
) -> tuple[str, str, str] | None:
    """What is wrong with a row: the field, a code and a sentence; None where nothing is."""
    if row.station_code not in stations:
        return "station_code", "unknown-station", "no such station 未知站点"
    if row.observed_at > latest:
        return "observed_at", "in-the-future", "the hour has not ended yet 时间未到"
    if (row.station_code, row.observed_at) in seen:
        return "observed_at", "twice", "this hour of the station stands in the batch already 重复"
    try:
        index_table_on(day_of(row.observed_at))
    except NothingInForce:
        return "observed_at", "no-standard", "no index standard was in force then 当时无现行标准"
    return None


def _differs(row: HourRow, draft: ObservationDraft) -> bool:
    return any(getattr(row, p.value) != value for p, value in draft.by_pollutant().items())


def _columns(index: AirIndex) -> dict[str, Any]:
    return {
        "aqi": index.aqi,
        "primary_pollutants": [p.value for p in index.primary],
        "individual": {p.value: value for p, value in index.individual.items()},
        "missing": [p.value for p in index.missing],
        "standard": index.standard,
    }


def _derived(draft: ObservationDraft) -> dict[str, Any]:
    day = day_of(draft.observed_at)
    values = draft.by_pollutant()
    return {
        "station_code": draft.station_code,
        "observed_at": draft.observed_at,
        "day": day,
        **{p.value: value for p, value in values.items()},
        **_columns(hourly_index(index_table_on(day), values)),
    }


def _superseded(row: HourRow, now: datetime) -> dict[str, Any]:
    return {
        "station_code": row.station_code,
        "observed_at": row.observed_at,
        "revision": row.revision,
        "concentrations": Concentrations.of(row).model_dump(mode="json"),
        "aqi": row.aqi,
        "standard": row.standard,
        "received_at": row.received_at,
        "superseded_at": now,
    }


def _day(code: str, day: date, rows: Sequence[HourRow]) -> dict[str, Any]:
    limits = limits_on(day)
    hours = {place_in_day(row.observed_at): {p: getattr(row, p.value) for p in Pollutant} for row in rows}
    means = means_of_day(hours, limits)
    return {
        "station_code": code,
        "day": day,
        "hours": len(rows),
        **{p.value: value for p, value in means.items()},
        **_columns(daily_index(index_table_on(day), means)),
        "validity_standard": limits.standard,
    }


def _city_hour(at: datetime, rows: Sequence[HourRow]) -> CityHour:
    means: dict[Pollutant, Decimal | None] = {}
    for p in Pollutant:
        exact = mean([getattr(row, p.value) for row in rows], needed=1)
        means[p] = None if exact is None else rounded(p, exact)
    index = hourly_index(index_table_on(day_of(at)), means)
    return CityHour.model_construct(
        observed_at=at,
        stations=len(rows),
        concentrations=Concentrations.holding(means),
        index=Index.computed(index),
    )
