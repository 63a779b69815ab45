from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.testing import at
from gov_collab.hotline.domain import (
    ACTS,
    Nature,
    Satisfaction,
    Stage,
    Term,
    TicketState,
    after,
    canonical_phone,
    end_of_day,
    is_open,
    is_overdue,
    mask_name,
    mask_phone,
    readable_number,
    term_for,
)
from gov_collab.hotline.trail import INTERNAL, TITLES


class TestActs:
    def test_the_straight_way(self) -> None:
        state = TicketState.taken
        for act in ("assign", "accept", "answer", "call-back"):
            reached = after(act, state)
            assert reached is not None
            state = reached
        assert state is TicketState.closed

    def test_a_contested_ticket_is_answered_by_nobody(self) -> None:
        assert after("answer", TicketState.contested) is None

    def test_a_refused_ticket_stays_refused(self) -> None:
        assert [act for act in ACTS if after(act, TicketState.refused) not in {None, TicketState.refused}] == []

    def test_notes_change_nothing(self) -> None:
        assert all(after("note", state) is state for state in TicketState)

    def test_every_act_has_a_title(self) -> None:
        assert set(ACTS) <= set(TITLES)
        assert set(TITLES) >= INTERNAL

    @settings(max_examples=100)
    @given(st.lists(st.sampled_from(sorted(ACTS)), max_size=30))
    def test_no_way_leads_out_of_an_answer_but_its_end(self, acts: list[str]) -> None:
        state = TicketState.taken
        for act in acts:
            reached = after(act, state)
            if state is TicketState.answered and reached is not None:
                assert reached in {TicketState.answered, TicketState.closed}
            state = reached or state


def term(days: int, nature: Nature | None = None, *, urgent: bool = False, stage: Stage = Stage.answer) -> Term:
    return Term(stage, nature, urgent, days, "test")


class TestTerms:
    TERMS = (term(5), term(3, Nature.help), term(0, urgent=True), term(1, stage=Stage.sign))

    @pytest.mark.parametrize(
        ("nature", "urgent", "days"),
        [(Nature.complaint, False, 5), (Nature.help, False, 3), (Nature.help, True, 0), (None, False, 5)],
    )
    def test_the_most_special_one_holds(self, nature: Nature | None, urgent: bool, days: int) -> None:
        found = term_for(self.TERMS, Stage.answer, nature, urgent=urgent)
        assert found is not None
        assert found.working_days == days

    def test_an_urgent_ticket_takes_an_ordinary_term_where_no_urgent_is_set(self) -> None:
        found = term_for(self.TERMS, Stage.sign, None, urgent=True)
        assert found is not None
        assert found.working_days == 1

    def test_none_is_set(self) -> None:
        assert term_for(self.TERMS, Stage.reopen, None, urgent=False) is None

    def test_a_day_ends_with_its_last_second(self) -> None:
        assert end_of_day(date(2026, 11, 24)) == at("2026-11-24 23:59:59")


class TestOverdue:
    DUE = at("2026-11-24 17:30")

    def test_only_after_its_time(self) -> None:
        late = [is_overdue(TicketState.assigned, self.DUE, self.DUE + timedelta(seconds=n)) for n in (-1, 0, 1)]
        assert late == [False, False, True]

    @pytest.mark.parametrize("state", [TicketState.answered, TicketState.closed, TicketState.refused])
    def test_what_is_answered_is_never_overdue(self, state: TicketState) -> None:
        assert not is_open(state)
        assert not is_overdue(state, self.DUE, self.DUE + timedelta(days=99))

    def test_without_a_clock_nothing_is_overdue(self) -> None:
        assert not is_overdue(TicketState.taken, None, self.DUE)


class TestMasks:
    @pytest.mark.parametrize(("name", "masked"), [("王建国", "王**"), ("李四", "李*"), ("王", "王*")])
    def test_names(self, name: str, masked: str) -> None:
        assert mask_name(name) == masked

    @pytest.mark.parametrize(
        ("phone", "masked"), [("13900000001", "139****0001"), ("0318-2690000", "031****0000"), ("2690000", "*******")]
    )
    def test_phones(self, phone: str, masked: str) -> None:
        assert mask_phone(phone) == masked

    @settings(max_examples=50)
    @given(st.from_regex(r"[0-9]{5,20}", fullmatch=True))
    def test_never_more_than_seven_digits_show(self, phone: str) -> None:
        assert sum(character.isdigit() for character in mask_phone(phone)) <= 7

    def test_one_number_has_one_spelling(self) -> None:
        spellings = ("13900000001", "139 0000 0001", "+86 139-0000-0001")
        assert {canonical_phone(phone) for phone in spellings} == {"13900000001"}


class TestNumbers:
    def test_are_read_out(self) -> None:
        assert readable_number(date(2026, 11, 24), 123) == "HS961890-20261124-000123"

    @settings(max_examples=50)
    @given(st.integers(1, 10**9), st.integers(1, 10**9))
    def test_differ_where_serials_differ(self, one: int, other: int) -> None:
        day = date(2026, 11, 24)
        assert (readable_number(day, one) == readable_number(day, other)) == (one == other)


class TestSatisfaction:
    def test_the_unhappy_ones(self) -> None:
        assert [value.unhappy for value in Satisfaction] == [False, False, False, True, True]
