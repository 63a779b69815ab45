"""The state machine of a request, walked at random, and the clock that follows from a ledger."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from citykit.calendar import CalendarEnd, WorkingCalendar
from citykit.testing import at
from enterprise.requests.deadlines import (
    ClockAct,
    Entry,
    Limit,
    Unit,
    deadline,
    old_enough,
    pauses_in,
    started_at,
)
from enterprise.requests.domain import ACTS, MEETS, OWED, Act, Outcome, RequestState, after, outcome_of

CALENDAR = WorkingCalendar.load()
START = ClockAct.start


def ledger(*entries: tuple[ClockAct, str]) -> list[Entry]:
    return [Entry(act, at(when)) for act, when in entries]


class TestStates:
    def test_the_straight_way(self) -> None:
        state = RequestState.submitted
        for act in (Act.accept, Act.assign, Act.contact, Act.plan, Act.answer, Act.confirm, Act.close):
            reached = after(act, state)
            assert reached is not None
            state = reached
        assert state is RequestState.closed

    def test_nothing_leaves_the_end(self) -> None:
        assert all(after(act, RequestState.closed) is None for act in Act)

    def test_every_state_but_the_first_is_reached(self) -> None:
        assert {reached for _, reached in ACTS.values()} == set(RequestState) - {RequestState.submitted}

    def test_a_paused_request_owes_nothing(self) -> None:
        assert RequestState.paused not in OWED
        assert RequestState.answered not in OWED

    def test_an_answer_meets_every_milestone(self) -> None:
        assert set(MEETS[Act.answer]) == {"contact", "plan", "resolve", "extended"}

    @pytest.mark.parametrize(
        ("act", "state", "outcome"),
        [
            (Act.close, RequestState.submitted, Outcome.declined),
            (Act.close, RequestState.answered, Outcome.answered),
            (Act.close, RequestState.confirmed, Outcome.resolved),
            (Act.withdraw, RequestState.paused, Outcome.withdrawn),
        ],
    )
    def test_the_end_says_what_happened(self, act: Act, state: RequestState, outcome: Outcome) -> None:
        assert outcome_of(act, state) is outcome


class RequestWalk(RuleBasedStateMachine):
    """Any acts in any order, with time passing: the rules hold at every step."""

    @initialize()
    def begin(self) -> None:
        self.state = RequestState.submitted
        self.now = at("2026-03-02 09:00")
        self.entries = [Entry(ClockAct.start, self.now)]
        self.limit = Limit(15, Unit.days)

    @rule(minutes=st.integers(min_value=1, max_value=4_000))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(act=st.sampled_from(Act))
    def attempt(self, act: Act) -> None:
        reached = after(act, self.state)
        if reached is None:
            return
        before = self.due()
        if act in {Act.pause, Act.resume}:
            self.entries.append(Entry(ClockAct(act), self.now))
        if act is Act.reopen:
            self.entries = [Entry(ClockAct.start, self.now)]
        if act is Act.resume and before is None:
            due = self.due()
            assert due is not None
            assert due >= deadline(self.limit, self.entries[:-2], CALENDAR)  # type: ignore[operator]  # not paused there
        self.state = reached

    def due(self) -> datetime | None:
        return deadline(self.limit, self.entries, CALENDAR)

    @invariant()
    def an_open_pause_is_a_paused_state(self) -> None:
        spans = pauses_in(self.entries)
        paused = bool(spans) and spans[-1].to is None
        assert paused == (self.state is RequestState.paused) or self.state is RequestState.closed

    @invariant()
    def replaying_gives_the_same(self) -> None:
        assert self.due() == deadline(self.limit, list(self.entries), CALENDAR)


RequestWalk.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestRequestWalk = RequestWalk.TestCase


class TestDeadline:
    @pytest.mark.parametrize(
        ("limit", "start", "end"),
        [
            (Limit(60, Unit.minutes), "2026-02-14 17:00", "2026-02-24 09:00"),
            (Limit(60, Unit.minutes), "2026-02-13 11:30", "2026-02-13 14:30"),
            (Limit(60, Unit.minutes), "2026-02-18 10:00", "2026-02-24 09:30"),
            (Limit(420, Unit.minutes), "2026-03-02 09:00", "2026-03-03 09:00"),
            (Limit(3, Unit.days), "2026-02-12 10:00", "2026-02-24 17:30"),
            (Limit(15, Unit.days), "2026-02-12 10:00", "2026-03-11 17:30"),
        ],
    )
    def test_vectors(self, limit: Limit, start: str, end: str) -> None:
        assert deadline(limit, ledger((START, start)), CALENDAR) == at(end)

    def test_is_open_while_paused(self) -> None:
        entries = ledger((START, "2026-03-02 09:00"), (ClockAct.pause, "2026-03-03 09:00"))
        assert deadline(Limit(3, Unit.days), entries, CALENDAR) is None

    def test_a_pause_moves_days_by_the_working_days_it_took(self) -> None:
        entries = ledger(
            (START, "2026-03-02 09:00"), (ClockAct.pause, "2026-03-03 09:00"), (ClockAct.resume, "2026-03-09 09:00")
        )
        assert deadline(Limit(3, Unit.days), entries, CALENDAR) == at("2026-03-11 17:30")

    def test_a_pause_moves_minutes_by_the_minutes_it_took(self) -> None:
        entries = ledger(
            (START, "2026-03-02 09:00"), (ClockAct.pause, "2026-03-02 09:30"), (ClockAct.resume, "2026-03-02 10:00")
        )
        assert deadline(Limit(60, Unit.minutes), entries, CALENDAR) == at("2026-03-02 10:30")

    def test_a_pause_after_the_end_moves_nothing(self) -> None:
        entries = ledger((START, "2026-03-02 09:00"), (ClockAct.pause, "2026-03-02 11:00"))
        assert deadline(Limit(60, Unit.minutes), entries, CALENDAR) == at("2026-03-02 10:00")

    def test_says_where_the_calendar_ends(self) -> None:
        with pytest.raises(CalendarEnd):
            deadline(Limit(30, Unit.days), ledger((START, "2026-12-30 09:00")), CALENDAR)

    def test_wants_a_start(self) -> None:
        with pytest.raises(ValueError, match="begins"):
            started_at(ledger((ClockAct.pause, "2026-03-02 09:00")))

    @settings(deadline=None, max_examples=60)
    @given(
        amount=st.integers(min_value=1, max_value=20),
        unit=st.sampled_from(Unit),
        gaps=st.lists(st.integers(min_value=0, max_value=6_000), max_size=6),
    )
    def test_pauses_never_shorten(self, amount: int, unit: Unit, gaps: list[int]) -> None:
        now, entries = at("2026-03-02 09:00"), [Entry(START, at("2026-03-02 09:00"))]
        limit = Limit(amount, unit)
        unpaused = deadline(limit, entries, CALENDAR)
        assert unpaused is not None
        for place, gap in enumerate(gaps):
            now += timedelta(minutes=gap)
            entries.append(Entry(ClockAct.resume if place % 2 else ClockAct.pause, now))
        due = deadline(limit, entries, CALENDAR)
        assert due is None or due >= unpaused


class TestOldEnough:
    def test_an_item_of_the_evening_before_the_holiday_waits_until_after_it(self) -> None:
        received = at("2026-02-14 17:00")
        assert not old_enough(received, at("2026-02-23 23:00"), 120, CALENDAR)
        assert not old_enough(received, at("2026-02-24 09:59"), 120, CALENDAR)
        assert old_enough(received, at("2026-02-24 10:00"), 120, CALENDAR)
