"""Working time: the shared vectors, the library that serves as oracle, properties, and the edge of the data."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.calendar import CalendarDataError, CalendarEnd, WorkingCalendar
from citykit.clock import CHINA
from citykit.problems import Problem

CALENDAR = WorkingCalendar.load()
FEW = settings(max_examples=100, deadline=None)

days = st.dates(date(2024, 1, 1), date(2026, 10, 31))
instants = st.builds(datetime.combine, days, st.times(), st.just(CHINA))


def at(text: str) -> datetime:
    """An instant of 2026 in Beijing time, from `02-14 17:00`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=CHINA)


def table(year: int, **changes: Any) -> dict[str, Any]:
    """A well-formed year, to be spoilt."""
    notice = {"title": "通知", "number": "〔2026〕1号", "issued": "2026-11-04", "authority": "国务院办公厅"}
    holidays = [{"name": "元旦", "first": f"{year}-01-01", "last": f"{year}-01-01"}]
    return {"year": year, "version": 1, "notice": notice, "holidays": holidays, "working_weekends": []} | changes


def written(directory: Path, content: dict[str, Any], name: str | None = None) -> Path:
    """`directory` with one more data file in it."""
    path = directory / (name or f"china-{content.get('year')}.json")
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return directory


class TestDays:
    @pytest.mark.parametrize(
        ("start", "n", "end"),
        [
            # enterprise
            ("02-12", 3, "02-24"), ("02-12", 10, "03-04"), ("02-12", 15, "03-11"), ("02-12", 20, "03-18"),
            ("09-28", 7, "10-13"),
            # gov-collab
            ("02-12", 5, "02-26"), ("04-29", 3, "05-07"), ("09-24", 5, "10-09"), ("09-30", 15, "10-27"),
            ("10-09", 20, "11-05"), ("11-20", 1, "11-23"),
            # city-ops
            ("02-13", 3, "02-25"), ("04-30", 5, "05-11"), ("09-18", 3, "09-22"), ("09-30", 1, "10-08"),
        ],
    )  # fmt: skip
    def test_shared_vectors(self, start: str, n: int, end: str) -> None:
        assert CALENDAR.add_days(at(f"{start} 09:00"), n) == at(f"{end} 17:30")
        assert CALENDAR.working_days_between(at(f"{start} 09:00"), at(f"{end} 17:30")) == n

    @pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
    def test_make_up_days_are_worked(self, day: str) -> None:
        assert CALENDAR.is_working(at(f"{day} 00:00").date())
        assert at(f"{day} 00:00").weekday() >= 5

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"), ("06-19", "06-21"),
            ("09-25", "09-27"), ("10-01", "10-07"),
        ],
    )  # fmt: skip
    def test_holidays_are_free(self, first: str, last: str) -> None:
        day, end = at(f"{first} 00:00").date(), at(f"{last} 00:00").date()
        while day <= end:
            assert not CALENDAR.is_working(day)
            day += timedelta(days=1)

    @pytest.mark.parametrize("year", [2024, 2025, 2026])
    def test_every_day_is_what_chinesecalendar_says(self, year: int) -> None:
        for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
            day = date(year, 1, 1) + timedelta(days=n)
            assert CALENDAR.is_working(day) == chinese_calendar.is_workday(day), day

    def test_the_hour_of_the_start_does_not_count(self) -> None:
        assert CALENDAR.add_days(at("11-20 00:00"), 1) == CALENDAR.add_days(at("11-20 23:59"), 1)
        assert CALENDAR.add_days(at("11-20 09:00").date(), 1) == at("11-23 17:30")

    def test_the_day_is_the_one_in_china(self) -> None:
        late = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)  # 20 November, half past midnight in Beijing
        assert CALENDAR.add_days(late, 1) == at("11-23 17:30")
        assert CALENDAR.is_working(datetime(2026, 11, 20, 16, 30, tzinfo=UTC)) is False

    def test_a_pause_moves_the_end_by_its_working_days(self) -> None:
        paused = CALENDAR.working_days_between(at("02-13 09:00"), at("02-28 09:00"))
        assert paused == 6
        assert CALENDAR.add_days(CALENDAR.add_days(at("02-12 09:00"), 20), 7) == CALENDAR.add_days(
            at("02-12 09:00"), 27
        )

    @pytest.mark.parametrize("n", [0, -1])
    def test_a_limit_of_no_days_is_refused(self, n: int) -> None:
        with pytest.raises(ValueError, match="at least one"):
            CALENDAR.add_days(at("11-20 09:00"), n)

    def test_closing_time(self) -> None:
        assert CALENDAR.closes_at(date(2026, 2, 14)) == at("02-14 17:30")
        with pytest.raises(ValueError, match="no working day"):
            CALENDAR.closes_at(date(2026, 2, 15))

    @FEW
    @given(days, st.integers(1, 40))
    def test_added_days_can_be_counted(self, start: date, n: int) -> None:
        end = CALENDAR.add_days(start, n)
        assert CALENDAR.working_days_between(start, end) == n
        assert CALENDAR.is_working(end)
        assert end > datetime.combine(start, datetime.min.time(), CHINA)

    @FEW
    @given(days, days, st.integers(1, 30))
    def test_who_starts_later_never_ends_earlier(self, a: date, b: date, n: int) -> None:
        first, second = sorted((a, b))
        assert CALENDAR.add_days(first, n) <= CALENDAR.add_days(second, n) < CALENDAR.add_days(second, n + 1)

    @FEW
    @given(days, days, days)
    def test_counted_days_add_up(self, a: date, b: date, c: date) -> None:
        between = CALENDAR.working_days_between
        assert between(a, b) + between(b, c) == between(a, c)
        assert between(a, b) == -between(b, a)


class TestMinutes:
    @pytest.mark.parametrize(
        ("start", "n", "end"),
        [
            ("02-14 17:00", 60, "02-24 09:00"),
            ("02-13 11:30", 60, "02-13 14:30"),
            ("02-18 10:00", 60, "02-24 09:30"),
            ("03-02 09:00", 420, "03-03 09:00"),
            # edges: an end that can be reached before a break lies before it
            ("03-02 08:30", 210, "03-02 12:00"),
            ("03-02 08:30", 420, "03-02 17:30"),
            ("03-02 12:00", 1, "03-02 14:01"),
            ("03-02 17:30", 1, "03-03 08:31"),
            ("03-06 20:00", 421, "03-10 08:31"),
            ("03-02 06:00", 1, "03-02 08:31"),
            ("03-02 06:00", 0, "03-02 06:00"),
        ],
    )
    def test_vectors(self, start: str, n: int, end: str) -> None:
        assert CALENDAR.add_minutes(at(start), n) == at(end)
        assert CALENDAR.working_minutes_between(at(start), at(end)) == n

    def test_seconds_are_kept(self) -> None:
        start = at("03-02 11:59") + timedelta(seconds=30)
        assert CALENDAR.add_minutes(start, 1) == at("03-02 14:00") + timedelta(seconds=30)

    def test_an_item_of_new_years_eve_waits_until_after_the_feast(self) -> None:
        assert CALENDAR.add_minutes(at("02-14 17:00"), 31) > at("02-24 08:30")

    def test_an_unfinished_minute_does_not_count_in_either_direction(self) -> None:
        a, b = at("03-02 09:00"), at("03-02 09:01") + timedelta(seconds=59)
        assert (CALENDAR.working_minutes_between(a, b), CALENDAR.working_minutes_between(b, a)) == (1, -1)

    def test_another_zone_is_the_same_instant(self) -> None:
        start = at("02-14 17:00")
        assert CALENDAR.add_minutes(start.astimezone(UTC), 60) == CALENDAR.add_minutes(start, 60)
        assert CALENDAR.add_minutes(start.astimezone(UTC), 60).isoformat() == "2026-02-24T09:00:00+08:00"

    def test_minutes_are_not_taken_away(self) -> None:
        with pytest.raises(ValueError, match="taken away"):
            CALENDAR.add_minutes(at("03-02 09:00"), -1)

    @FEW
    @given(instants, st.integers(0, 10_000))
    def test_added_minutes_can_be_counted(self, start: datetime, n: int) -> None:
        assert CALENDAR.working_minutes_between(start, CALENDAR.add_minutes(start, n)) == n

    @FEW
    @given(instants, instants, st.integers(0, 5_000))
    def test_who_starts_later_never_ends_earlier(self, a: datetime, b: datetime, n: int) -> None:
        first, second = sorted((a, b))
        assert CALENDAR.add_minutes(first, n) <= CALENDAR.add_minutes(second, n) < CALENDAR.add_minutes(second, n + 1)

    @FEW
    @given(instants, st.integers(1, 3_000), st.integers(1, 3_000))
    def test_two_steps_are_one(self, start: datetime, n: int, m: int) -> None:
        assert CALENDAR.add_minutes(CALENDAR.add_minutes(start, n), m) == CALENDAR.add_minutes(start, n + m)

    @FEW
    @given(days, st.integers(1, 20))
    def test_a_working_day_has_420_minutes(self, start: date, n: int) -> None:
        evening = datetime.combine(start, datetime.min.time(), CHINA) + timedelta(hours=20)
        assert CALENDAR.add_minutes(evening, 420 * n) == CALENDAR.add_days(evening, n)


class TestEnd:
    def test_past_the_last_notice_nothing_is_guessed(self) -> None:
        with pytest.raises(CalendarEnd):
            CALENDAR.is_working(date(2027, 1, 1))
        with pytest.raises(CalendarEnd):
            CALENDAR.add_days(at("12-30 09:00"), 2)
        with pytest.raises(CalendarEnd):
            CALENDAR.add_minutes(at("12-31 17:00"), 31)
        with pytest.raises(CalendarEnd):
            CALENDAR.add_minutes(at("11-20 09:00"), 2**40)
        with pytest.raises(CalendarEnd):
            CALENDAR.working_days_between(date(2026, 12, 1), date(2027, 1, 4))
        with pytest.raises(NotImplementedError):
            chinese_calendar.is_workday(date(2027, 1, 1))

    def test_the_last_hours_still_count(self) -> None:
        assert CALENDAR.add_days(at("12-30 09:00"), 1) == at("12-31 17:30")
        assert CALENDAR.add_minutes(at("12-31 17:00"), 30) == at("12-31 17:30")

    def test_before_the_first_notice_neither(self) -> None:
        with pytest.raises(CalendarEnd) as refused:
            CALENDAR.is_working(date(2023, 12, 31))
        assert "administrator" not in str(refused.value)

    def test_it_says_so_in_both_languages(self) -> None:
        with pytest.raises(Problem) as refused:
            CALENDAR.add_days(at("12-31 09:00"), 1)
        chinese = refused.value.document(english=False)
        assert (chinese["status"], chinese["type"]) == (503, "/problems/calendar-end")
        assert "2027年的节假日安排公布后" in chinese["detail"]
        assert "the holidays of 2027 are announced" in refused.value.document(english=True)["detail"]
        assert str(refused.value).startswith(chinese["detail"])

    def test_a_naive_time_is_refused(self) -> None:
        naive = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - what callers must not do
        with pytest.raises(ValueError, match="aware"):
            CALENDAR.add_minutes(naive, 1)
        with pytest.raises(ValueError, match="aware"):
            CALENDAR.add_days(naive, 1)


class TestData:
    def test_each_year_names_its_notice(self) -> None:
        assert [(t.year, t.notice.number) for t in CALENDAR.tables] == [
            (2024, "国办发明电〔2023〕7号"), (2025, "国办发明电〔2024〕12号"), (2026, "国办发明电〔2025〕7号")
        ]  # fmt: skip
        assert all(str(t.year) in t.notice.title and t.notice.issued.year == t.year - 1 for t in CALENDAR.tables)

    def test_a_deployment_adds_a_year(self, tmp_path: Path) -> None:
        longer = WorkingCalendar.load(written(tmp_path, table(2027)))
        assert longer.add_days(at("12-31 09:00"), 1).date() == date(2027, 1, 4)
        assert longer.version.startswith("china-2024-2027-")
        with pytest.raises(CalendarEnd):
            CALENDAR.is_working(date(2027, 1, 4))

    def test_new_years_holiday_may_begin_in_december(self, tmp_path: Path) -> None:
        feast = [{"name": "元旦", "first": "2026-12-31", "last": "2027-01-02"}]
        longer = WorkingCalendar.load(written(tmp_path, table(2027, holidays=feast, working_weekends=["2026-12-27"])))
        assert not longer.is_working(date(2026, 12, 31))
        assert longer.is_working(date(2026, 12, 27))

    def test_a_deployment_corrects_a_year(self, tmp_path: Path) -> None:
        feast = [{"name": "临时", "first": "2026-03-02", "last": "2026-03-02"}]
        corrected = WorkingCalendar.load(written(tmp_path, table(2026, version=2, holidays=feast)))
        assert not corrected.is_working(date(2026, 3, 2))
        assert corrected.version != CALENDAR.version
        assert corrected.version[:15] == CALENDAR.version[:15]

    def test_a_deployment_has_its_own_hours(self, tmp_path: Path) -> None:
        hours = {"zone": "Asia/Shanghai", "sessions": [["09:00", "12:00"], ["13:00", "17:00"]]}
        other = WorkingCalendar.load(written(tmp_path, hours, "office-hours.json"))
        assert other.add_minutes(at("03-02 11:30"), 60) == at("03-02 13:30")
        assert other.add_days(at("03-02 11:30"), 1) == at("03-03 17:00")
        assert other.version != CALENDAR.version

    def test_the_version_belongs_to_the_data(self, tmp_path: Path) -> None:
        with as_file(files("citykit") / "calendars") as carried:
            shutil.copytree(carried, tmp_path / "same")
        assert WorkingCalendar.load(tmp_path / "same").version == CALENDAR.version

    @pytest.mark.parametrize(
        "changes",
        [
            {"year": 2028},
            {"year": "2027"},
            {"version": 0},
            {"holidays": []},
            {"holidays": [{"name": "元旦", "first": "2027-01-03", "last": "2027-01-01"}]},
            {"holidays": [{"name": "元旦", "first": "2027-02-30", "last": "2027-02-30"}]},
            {"holidays": [{"name": "元旦", "first": "2026-11-30", "last": "2026-11-30"}]},
            {"working_weekends": ["2027-01-04"]},
            {"working_weekends": ["2027-01-09", "2027-01-09"]},
            {"working_weekends": ["2028-01-08"]},
            {"note": "unknown"},
        ],
    )
    def test_a_file_that_cannot_be_right_is_refused(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        with pytest.raises(CalendarDataError):
            WorkingCalendar.load(written(tmp_path, table(2027) | changes, "china-2027.json"))

    @pytest.mark.parametrize(
        "hours",
        [
            {"zone": "Asia/Shanghai", "sessions": []},
            {"zone": "Asia/Shanghai", "sessions": [["12:00", "08:30"]]},
            {"zone": "Asia/Shanghai", "sessions": [["08:30", "12:00"], ["11:00", "17:30"]]},
            {"zone": "Asia/Nowhere", "sessions": [["08:30", "12:00"]]},
        ],
    )
    def test_hours_that_cannot_be_right_are_refused(self, tmp_path: Path, hours: dict[str, Any]) -> None:
        with pytest.raises(CalendarDataError):
            WorkingCalendar.load(written(tmp_path, hours, "office-hours.json"))

    def test_a_file_that_is_not_json_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "china-2027.json").write_bytes(b"\xff\xfe")
        with pytest.raises(CalendarDataError, match=r"china-2027\.json"):
            WorkingCalendar.load(tmp_path)
