"""The rules of a case."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city_ops.cases.domain import (
    ACTS,
    STAGES,
    TOLD,
    CaseState,
    Limit,
    LimitUnit,
    after,
    due,
    in_time,
    is_independent,
)
from city_ops.cases.standards import classes, limit_of
from city_ops.cases.steps import due_or_none
from citykit.calendar import WorkingCalendar
from citykit.testing import at

CALENDAR = WorkingCalendar.load()


class TestStages:
    def test_the_straight_way(self):
        state = CaseState.reported
        for act, reached in (
            ("accept", "accepted"), ("file", "filed"), ("dispatch", "dispatched"), ("handle", "handled"),
            ("verify", "verified"), ("close", "closed"),
        ):  # fmt: skip
            state = after(act, state)
            assert state == reached

    @pytest.mark.parametrize(
        ("act", "state", "reached"),
        [
            ("send_back", CaseState.dispatched, CaseState.filed),
            ("rework", CaseState.handled, CaseState.dispatched),
            ("extend", CaseState.dispatched, CaseState.dispatched),
            ("reject", CaseState.accepted, CaseState.closed),
            ("reject", CaseState.filed, None),
            ("close", CaseState.handled, None),
            ("verify", CaseState.dispatched, None),
        ],
    )
    def test_side_moves(self, act, state, reached):
        assert after(act, state) is reached

    @given(st.lists(st.sampled_from(sorted(ACTS)), max_size=30))
    def test_no_way_leads_out_of_closed_or_to_closed_without_verification_or_refusal(self, acts):
        state, done = CaseState.reported, []
        for act in acts:
            reached = after(act, state)
            if reached is not None:
                assert state is not CaseState.closed
                state = reached
                done.append(act)
        if state is CaseState.closed and done[-1] == "close":
            assert "verify" in done
            assert "handle" in done

    def test_every_open_state_has_a_clock_and_every_act_has_words(self):
        assert set(STAGES) == set(CaseState) - {CaseState.closed}
        assert set(TOLD) == set(ACTS) | {"report"}


class TestIndependence:
    def test_no_handler_of_any_round_judges(self):
        assert not is_independent("sub:a", ["sub:b", "sub:a"])
        assert is_independent("sub:c", ["sub:b", "sub:a"])


class TestLimits:
    @pytest.mark.parametrize(
        ("start", "limit", "end"),
        [
            ("2026-11-24 10:00", Limit(2, LimitUnit.working_hours), "2026-11-24 12:00"),
            ("2026-11-24 11:00", Limit(2, LimitUnit.working_hours), "2026-11-24 15:00"),
            ("2026-11-27 17:00", Limit(1, LimitUnit.working_hours), "2026-11-30 09:00"),
            ("2026-02-13 10:00", Limit(3, LimitUnit.working_days), "2026-02-25 17:30"),
            ("2026-04-30 10:00", Limit(5, LimitUnit.working_days), "2026-05-11 17:30"),
            ("2026-09-18 10:00", Limit(3, LimitUnit.working_days), "2026-09-22 17:30"),
            ("2026-09-30 10:00", Limit(1, LimitUnit.working_days), "2026-10-08 17:30"),
            ("2026-10-01 22:00", Limit(4, LimitUnit.hours), "2026-10-02 02:00"),
        ],
    )
    def test_each_unit_counts_its_own_time(self, start, limit, end):
        assert due(CALENDAR, at(start), limit) == at(end)

    def test_past_the_announced_holidays_there_is_no_clock(self):
        assert (
            due_or_none(CALENDAR, at(f"{CALENDAR.tables[-1].year}-12-30 10:00"), Limit(30, LimitUnit.working_days))
            is None
        )

    def test_in_time(self):
        now = datetime.fromisoformat("2026-11-24T10:00:00+08:00")
        assert in_time(now, now) is True
        assert in_time(now, now - timedelta(seconds=1)) is False
        assert in_time(now, None) is None


class TestTheDataPack:
    def test_codes_are_unique_and_conditions_count_from_one(self):
        pack = classes()
        assert len(pack.classes) >= 30
        for known in pack.classes.values():
            assert [standard.number for standard in known.standards] == list(range(1, len(known.standards) + 1))
            assert known.grade in {"A", "B", "C"}
            assert known.code[0] == {"event": "E", "component": "C"}[known.kind]
            assert all(standard.limit.amount > 0 for standard in known.standards)

    def test_handling_takes_the_limit_of_the_filed_condition(self):
        assert limit_of("handle", "C0102", 1) == Limit(4, LimitUnit.hours)
        assert limit_of("handle", "C0102", 2) == Limit(2, LimitUnit.working_days)
        assert limit_of("handle", None, None) == classes().stages["handle"]
        assert limit_of("verify", "C0102", 1) == classes().stages["verify"]

    def test_every_stage_has_a_limit(self):
        assert set(STAGES.values()) <= set(classes().stages)
