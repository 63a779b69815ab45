"""The index by HJ 633: the standard's own vectors, the published hours, and what must hold for every input."""

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_ops.environment.domain import (
    CHINA,
    HOUR,
    NothingInForce,
    Pollutant,
    daily_index,
    day_of,
    hourly_index,
    in_force,
    individual_index,
    mean,
    means_of_day,
    ozone_of_day,
    place_in_day,
    rounded,
)
from city_ops.environment.orders import OrderState, StationOrders, after, crossing
from city_ops.environment.standards import air_limits, index_table_on, index_tables, level_of, limits_on, order_rule_on

from .factories import COLUMNS, HENGSHUI, POLLUTANT_NAMES, SHARED_AIR, published

OLD = index_table_on(date(2023, 1, 7))
NEW = index_table_on(date(2026, 3, 1))
PM25, PM10, SO2, NO2, CO, O3 = (Pollutant(name) for name in ("pm2_5", "pm10", "so2", "no2", "co", "o3"))
ROWS = {
    "pm2_5": PM25, "pm10": PM10, "so2_24h": SO2, "so2_1h": SO2, "no2_24h": NO2, "no2_1h": NO2,
    "co_24h": CO, "co_1h": CO, "o3_8h": O3, "o3_1h": O3,
}  # fmt: skip
FULL = {PM25: 20, PM10: 40, SO2: 5, NO2: 20, CO: Decimal("0.5"), O3: 60}


def iaqi(table, row, amount):
    return individual_index(table.rows[row], table.indices, rounded(ROWS[row], Decimal(str(amount))))


class TestVectorsOf2026:
    @pytest.mark.parametrize(
        ("row", "amount", "index"),
        [
            ("pm2_5", 35, 50), ("pm2_5", 60, 100), ("pm2_5", 61, 101), ("pm2_5", 75, 114), ("pm2_5", 115, 150),
            ("pm2_5", 150, 200), ("pm2_5", 250, 300), ("pm2_5", 350, 400), ("pm2_5", 500, 500), ("pm2_5", 501, 500),
            ("pm2_5", 60.5, 100), ("pm2_5", 60.6, 101), ("pm10", 120, 100), ("pm10", 420, 300), ("pm10", 500, 400),
            ("so2_24h", 50, 50), ("so2_24h", 100, 75), ("so2_24h", 150, 100), ("so2_24h", 300, 124),
            ("so2_24h", 475, 150), ("so2_1h", 150, 50), ("so2_1h", 800, 200), ("so2_1h", 801, 200),
            ("so2_1h", 900, 200), ("o3_8h", 160, 100), ("o3_8h", 265, 200), ("o3_8h", 800, 300), ("o3_8h", 801, 300),
            ("o3_8h", 900, 300), ("o3_1h", 800, 300), ("no2_24h", 180, 150), ("no2_1h", 200, 100),
            ("no2_1h", 700, 150), ("co_24h", 4, 100), ("co_24h", 14, 150), ("co_1h", 35, 150),
            ("co_24h", 2.2, 55), ("co_1h", 65.4, 218),
        ],
    )  # fmt: skip
    def test_an_individual_index(self, row, amount, index):
        assert iaqi(NEW, row, amount) == index

    def test_clean_air_has_index_zero_and_no_primary_pollutant(self):
        index = daily_index(NEW, dict.fromkeys(Pollutant, 0))
        assert (index.aqi, index.primary) == (0, ())


class TestTheTableInForce:
    @pytest.mark.parametrize(
        ("day", "standard"),
        [
            (date(2026, 2, 28), "HJ 633-2012"),
            (date(2026, 3, 1), "HJ 633-2026"),
            (date(2012, 1, 1), "HJ 633-2012"),
            (date(2050, 1, 1), "HJ 633-2026"),
        ],
    )
    def test_it_is_chosen_by_the_day(self, day, standard):
        assert index_table_on(day).standard == standard

    def test_seventy_five_is_still_a_hundred_on_the_last_day_of_the_old_table(self):
        assert iaqi(index_table_on(date(2026, 2, 28)), "pm2_5", 75) == 100

    def test_midnight_closes_the_day_before(self):
        midnight = datetime(2026, 3, 1, 0, tzinfo=CHINA)
        assert day_of(midnight) == date(2026, 2, 28)
        assert day_of(midnight + HOUR) == date(2026, 3, 1)
        assert (place_in_day(midnight), place_in_day(midnight + HOUR)) == (24, 1)
        assert day_of(midnight.astimezone(UTC)) == date(2026, 2, 28)

    def test_before_the_first_there_is_none(self):
        with pytest.raises(NothingInForce):
            index_table_on(date(2011, 12, 31))

    def test_no_day_has_two_and_no_day_between_has_none(self):
        for editions in (index_tables(), air_limits()):
            for earlier, later in pairwise(editions):
                assert earlier.effective_to + timedelta(days=1) == later.effective_from
            assert editions[-1].effective_to is None

    @pytest.mark.parametrize(
        ("day", "standard"),
        [(date(2026, 2, 28), "GB 3095-2012"), (date(2026, 3, 1), "GB 3095-2026 (2026-2030)"),
         (date(2031, 1, 1), "GB 3095-2026 (2031-)")],
    )  # fmt: skip
    def test_limits_are_chosen_by_the_day_too(self, day, standard):
        assert limits_on(day).standard == standard

    def test_in_force_of_nothing(self):
        with pytest.raises(NothingInForce):
            in_force((), date(2026, 1, 1))

    def test_the_order_rule(self):
        assert order_rule_on(date(2026, 1, 1)).above == 150


class TestAboveTheTable:
    @pytest.mark.parametrize(("row", "amount"), [("so2_1h", 801), ("o3_8h", 801)])
    def test_the_old_table_states_no_index(self, row, amount):
        assert iaqi(OLD, row, amount) is None

    @pytest.mark.parametrize("amount", ["-1", "-0.1", "Infinity", "NaN"])
    def test_impossible_concentrations_are_refused(self, amount):
        with pytest.raises(ValueError):  # noqa: PT011
            individual_index(NEW.rows["pm10"], NEW.indices, Decimal(amount))


class TestMissingValues:
    @pytest.mark.parametrize("particle", [PM25, PM10])
    def test_without_a_particle_there_is_no_index(self, particle):
        index = hourly_index(NEW, FULL | {particle: None})
        assert (index.aqi, index.missing) == (None, (particle,))
        assert len(index.individual) == 5

    @pytest.mark.parametrize("gas", [SO2, NO2, CO, O3])
    def test_without_one_gas_there_is_one_and_it_says_so(self, gas):
        index = hourly_index(NEW, FULL | {gas: None})
        assert index.aqi is not None
        assert index.missing == (gas,)

    def test_without_two_gases_there_is_none(self):
        assert hourly_index(NEW, FULL | {SO2: None, CO: None}).aqi is None

    def test_with_nothing_there_is_none(self):
        index = hourly_index(NEW, {})
        assert (index.aqi, index.primary, index.individual) == (None, (), {})


class TestPrimaryPollutants:
    def test_none_at_fifty(self):
        assert hourly_index(NEW, FULL | {PM25: 35}).primary == ()

    def test_all_that_share_the_maximum(self):
        index = hourly_index(NEW, FULL | {PM25: 60, PM10: 120})
        assert (index.aqi, index.primary) == (100, (PM25, PM10))


@pytest.mark.skipif(not SHARED_AIR.is_dir(), reason="the published files lie beside the repository, not in it")
class TestPublishedFiles:
    def rows(self):
        return [row for path in sorted(SHARED_AIR.glob("cnemc_*.csv")) for row in published(path)]

    def test_every_published_hour_is_computed_alike(self):
        rows = [row for row in self.rows() if row["aqi"]]
        assert len(rows) == 675
        assert [row for row in rows if computed(row) != said(row)] == []

    def test_hours_published_without_index_lack_something(self):
        stated = [hourly_index(OLD, values(row)) for row in self.rows() if not row["aqi"]]
        assert len(stated) == 10
        assert all(index.missing for index in stated)
        # Two of them lack one gas alone, as hours that were published with an index do.
        assert sum(index.aqi is not None for index in stated) == 2

    def test_running_means_are_the_published_ones(self):
        stations = {}
        for row in self.rows():
            stations.setdefault(row["stationcode"], {})[datetime.fromisoformat(row["timepoint"])] = row
        compared = 0
        for by_hour in stations.values():
            for end, row in by_hour.items():
                window = [by_hour.get(end - n * HOUR) for n in range(24)]
                if None in window:
                    continue
                for pollutant in (PM25, PM10, NO2, SO2):
                    exact = mean([values(of)[pollutant] for of in window], needed=1)
                    if exact is not None and row[f"{pollutant.value}_24h"]:
                        compared += 1
                        assert rounded(pollutant, exact) == Decimal(row[f"{pollutant.value}_24h"])
        assert compared > 900

    def test_ozone_windows_are_the_published_ones(self):
        stations = {}
        for row in self.rows():
            stations.setdefault(row["stationcode"], {})[datetime.fromisoformat(row["timepoint"])] = row
        compared = 0
        for by_hour in stations.values():
            for end, row in by_hour.items():
                width = min(8, place_in_day(end.replace(tzinfo=CHINA)))
                window = [by_hour.get(end - n * HOUR) for n in range(width)]
                if None in window or any(not of["o3_24h"] for of in window) or not row["o3_8h_24h"]:
                    continue
                compared += 1
                exact = mean([values(of)[O3] for of in window], needed=1)
                assert rounded(O3, exact) == Decimal(row["o3_8h_24h"])
        assert compared > 500

    def test_four_years_of_a_station_with_gaps(self):
        days = four_years("Aotizhongxin")
        indices = [daily_index(index_table_on(day), means_of_day(hours, limits_on(day))) for day, hours in days.items()]
        stated = [index for index in indices if index.aqi is not None]
        assert len(days) == 1462
        assert 1300 < len(stated) < len(days)
        assert all(0 <= index.aqi <= 500 and index.standard == "HJ 633-2012" for index in stated)
        assert all(index.missing for index in indices if index.aqi is None)


class TestTheSampleHours:
    def test_all_that_the_sample_city_carries_are_computed_as_published(self):
        rows = published(HENGSHUI)
        assert len(rows) == 96
        assert [row for row in rows if row["aqi"] and computed(row) != said(row)] == []


def values(row):
    return {Pollutant(name): Decimal(row[column]) if row[column] else None for name, column in COLUMNS.items()}


def computed(row):
    index = hourly_index(OLD, values(row))
    return index.aqi, frozenset(index.primary)


def said(row):
    names = [name for name in row["primarypollutant"].split(",") if name]
    return int(row["aqi"]), frozenset(Pollutant(POLLUTANT_NAMES[name]) for name in names)


def four_years(station):
    path: Path = next(SHARED_AIR.glob(f"PRSA_Data_{station}_*.csv.gz"))
    days = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            start = datetime(*(int(row[part]) for part in ("year", "month", "day", "hour")), tzinfo=CHINA)
            end = start + HOUR
            hour = {
                Pollutant(name): None if row[column] == "NA" else Decimal(row[column])
                for name, column in {"pm2_5": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "o3": "O3"}.items()
            }
            hour[CO] = None if row["CO"] == "NA" else Decimal(row["CO"]) / 1000
            days.setdefault(day_of(end), {})[place_in_day(end)] = hour
    days.setdefault(date(2017, 3, 1), {})
    return days


class TestDailyMeans:
    LIMITS = limits_on(date(2023, 1, 7))

    def test_twenty_hours_make_a_day_and_nineteen_do_not(self):
        of = {place: {PM25: Decimal(place)} for place in range(1, 21)}
        assert means_of_day(of, self.LIMITS)[PM25] == Decimal(10)  # 10.5, half to even
        del of[20]
        assert means_of_day(of, self.LIMITS)[PM25] is None

    def test_missing_hours_are_left_out_of_the_mean(self):
        assert mean([Decimal(10), None, Decimal(20)], needed=2) == 15

    def test_carbon_monoxide_keeps_a_tenth(self):
        of = {place: {CO: Decimal("0.25")} for place in range(1, 25)}
        assert means_of_day(of, self.LIMITS)[CO] == Decimal("0.2")

    def test_ozone_is_the_highest_window_that_ends_from_eight_on(self):
        hours = [Decimal(300)] + [Decimal(0)] * 7 + [Decimal(80)] * 16
        assert ozone_of_day(hours, self.LIMITS) == 80

    def test_too_few_ozone_windows_make_no_day(self):
        hours = [None] * 12 + [Decimal(100)] * 12
        assert ozone_of_day(hours, self.LIMITS) is None

    def test_but_above_the_limit_they_do(self):
        hours = [None] * 12 + [Decimal(161)] * 12
        assert ozone_of_day(hours, self.LIMITS) == 161

    def test_a_window_wants_six_hours(self):
        hours = ([Decimal(90)] * 5 + [None] * 3) * 3
        assert ozone_of_day(hours, self.LIMITS) is None

    def test_a_day_without_ozone_has_none(self):
        assert ozone_of_day([None] * 24, self.LIMITS) is None

    def test_a_day_has_24_hours(self):
        with pytest.raises(ValueError, match="24"):
            ozone_of_day([None] * 23, self.LIMITS)


class TestLevels:
    @pytest.mark.parametrize(
        ("aqi", "number"),
        [
            (0, 1),
            (50, 1),
            (51, 2),
            (100, 2),
            (101, 3),
            (150, 3),
            (151, 4),
            (200, 4),
            (201, 5),
            (300, 5),
            (301, 6),
            (500, 6),
        ],
    )
    def test_bounds(self, aqi, number):
        assert level_of(aqi).number == number


class TestWhatHoldsAlways:
    @settings(max_examples=100)
    @given(st.sampled_from(sorted(ROWS)), st.integers(0, 30000), st.booleans())
    def test_the_index_is_exact_and_never_falls_with_the_concentration(self, row, tenths, old):
        table = OLD if old else NEW
        lower, higher = Fraction(tenths, 10), Fraction(tenths + 1, 10)
        first = individual_index(table.rows[row], table.indices, lower)
        second = individual_index(table.rows[row], table.indices, higher)
        if first is not None and second is not None:
            assert first <= second
        assert first is None or 0 <= first <= 500

    @settings(max_examples=60)
    @given(st.dictionaries(st.sampled_from(list(Pollutant)), st.decimals(0, 3000, places=3)))
    def test_the_index_is_the_greatest_of_its_parts(self, hour):
        index = hourly_index(NEW, hour)
        if index.aqi is not None:
            assert index.aqi == max(index.individual.values())
            assert bool(index.primary) == (index.aqi > 50)

    @settings(max_examples=60)
    @given(st.decimals(0, 10000, places=3), st.sampled_from(list(Pollutant)))
    def test_decimals_and_fractions_are_rounded_alike(self, amount, pollutant):
        assert rounded(pollutant, amount) == rounded(pollutant, Fraction(amount))


class TestCrossing:
    T = datetime(2026, 11, 1, 10, tzinfo=CHINA)

    def at(self, *indices):
        return {self.T + n * HOUR: index for n, index in enumerate(indices)}

    def test_the_first_hour_above_is_the_crossing(self):
        hours = self.at(140, 151, 175)
        assert crossing(hours, hours, 150, StationOrders()) == self.T + HOUR

    def test_at_the_threshold_nothing_happens(self):
        hours = self.at(150, 150)
        assert crossing(hours, hours, 150, StationOrders()) is None

    def test_an_unknown_hour_before_does_not_hide_it(self):
        hours = self.at(None, 160)
        assert crossing(hours, hours, 150, StationOrders()) == self.T + HOUR

    def test_nothing_while_an_order_is_open(self):
        hours = self.at(140, 160)
        assert crossing(hours, hours, 150, StationOrders(is_open=True, last_hour=self.T)) is None

    def test_what_comes_in_late_was_answered_already(self):
        hours = self.at(140, 160)
        assert crossing(hours, hours, 150, StationOrders(last_hour=self.T + 5 * HOUR)) is None

    def test_an_episode_that_goes_on_is_no_new_crossing(self):
        hours = self.at(160, 165)
        assert crossing(hours, [self.T + HOUR], 150, StationOrders(last_hour=self.T)) is None

    def test_a_new_episode_is_one(self):
        hours = self.at(160, 120, 155)
        orders = StationOrders(last_hour=self.T)
        assert crossing(hours, [self.T + HOUR, self.T + 2 * HOUR], 150, orders) == self.T + 2 * HOUR


class TestOrderStates:
    def test_the_way_of_an_order(self):
        assert after("assign", OrderState.raised) is OrderState.assigned
        assert after("acknowledge", OrderState.assigned) is OrderState.acknowledged
        assert after("report", OrderState.acknowledged) is OrderState.done

    @pytest.mark.parametrize("state", list(OrderState))
    def test_nothing_leads_out_of_done_and_nothing_is_skipped(self, state):
        allowed = [act for act in ("assign", "acknowledge", "report") if after(act, state) is not None]
        assert len(allowed) == (0 if state is OrderState.done else 1)
