"""The rules of credit: the days of 国办发〔2025〕22号, what may be repaired when, ratings that anybody can repeat."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_hub.credit.domain import (
    REPAIR_ACTS,
    Fact,
    Kind,
    Method,
    Period,
    RecordState,
    RepairFault,
    RepairState,
    Severity,
    Term,
    counts,
    is_public,
    months_after,
    period_of,
    rated,
    repair_after,
    repair_fault,
    term_on,
)

DAYS = st.dates(date(2015, 1, 1), date(2040, 12, 31))
GENERAL = Term(Severity.general, 3, 12, published=True, effective_from=date(2025, 3, 31), source="22号")
SERIOUS = Term(Severity.serious, 12, 36, published=True, effective_from=date(2025, 3, 31), source="22号")
MINOR = Term(Severity.minor, 0, 3, published=False, effective_from=date(2025, 3, 31), source="22号")
METHOD = Method(
    "m-1", "样例", 85, {"penalty/serious": -40, "penalty/general": -15, "honour": 5}, {"honour": 15},
    (("A", 90), ("B", 75), ("C", 60), ("D", 0)), "样例",
)  # fmt: skip


def fact(number: int, kind: Kind = Kind.honour, severity: Severity | None = None) -> Fact:
    return Fact(f"r{number:03}", kind, severity, f"事项{number}")


class TestPeriods:
    @pytest.mark.parametrize(
        ("term", "document", "repairable", "over"),
        [
            (GENERAL, "2026-01-31", "2026-04-30", "2027-01-31"),
            (SERIOUS, "2026-02-28", "2027-02-28", "2029-02-28"),
            (GENERAL, "2025-11-30", "2026-02-28", "2026-11-30"),
            (SERIOUS, "2028-02-29", "2029-02-28", "2031-02-28"),
            (MINOR, "2026-05-15", "2026-05-15", "2026-08-15"),
        ],
    )
    def test_run_from_the_document_and_end_by_the_calendar(
        self, term: Term, document: str, repairable: str, over: str
    ) -> None:
        period = period_of(term, date.fromisoformat(document))
        assert (str(period.repairable_from), str(period.published_until)) == (repairable, over)

    @settings(max_examples=50, deadline=None)
    @given(DAYS, st.integers(0, 60))
    def test_end_on_the_same_day_of_the_month_or_the_last_before(self, day: date, months: int) -> None:
        end = months_after(day, months)
        assert (end.year * 12 + end.month) - (day.year * 12 + day.month) == months
        assert end.day == day.day or (end.day < day.day and months_after(end, 0) == end)

    def test_are_those_in_force_on_the_day(self) -> None:
        later = Term(Severity.general, 6, 24, published=True, effective_from=date(2027, 1, 1), source="later")
        assert term_on([later, GENERAL], Severity.general, date(2026, 12, 31)) is GENERAL
        assert term_on([later, GENERAL], Severity.general, date(2027, 1, 1)) is later
        assert term_on([later, GENERAL], Severity.general, date(2020, 1, 1)) is GENERAL
        with pytest.raises(KeyError):
            term_on([GENERAL], Severity.minor, date(2026, 1, 1))


class TestWhatIsShown:
    PERIOD = period_of(GENERAL, date(2026, 1, 31))

    def test_stops_by_itself_at_the_end_of_the_period(self) -> None:
        assert is_public(RecordState.recorded, self.PERIOD, None, date(2027, 1, 30))
        assert not is_public(RecordState.recorded, self.PERIOD, None, date(2027, 1, 31))
        assert counts(RecordState.recorded, self.PERIOD, date(2027, 1, 30))
        assert not counts(RecordState.recorded, self.PERIOD, date(2027, 1, 31))

    @pytest.mark.parametrize("state", [RecordState.corrected, RecordState.repaired, RecordState.withdrawn])
    def test_ends_with_repair_correction_and_withdrawal_for_show_and_for_use(self, state: RecordState) -> None:
        assert not is_public(state, self.PERIOD, None, date(2026, 5, 1))
        assert not counts(state, self.PERIOD, date(2026, 5, 1))

    def test_stands_still_while_it_is_lifted(self) -> None:
        assert not is_public(RecordState.recorded, self.PERIOD, date(2026, 6, 1), date(2026, 5, 31))
        assert is_public(RecordState.recorded, self.PERIOD, date(2026, 6, 1), date(2026, 6, 1))

    def test_minor_penalties_are_not_published_and_still_count(self) -> None:
        period = period_of(MINOR, date(2026, 5, 15))
        assert not is_public(RecordState.recorded, period, None, date(2026, 5, 20))
        assert counts(RecordState.recorded, period, date(2026, 5, 20))

    def test_honours_have_no_end(self) -> None:
        assert is_public(RecordState.recorded, None, None, date(2040, 1, 1))


class TestRepair:
    PERIOD = Period(date(2026, 4, 30), date(2027, 1, 31), published=True)

    @pytest.mark.parametrize(
        ("day", "fault"),
        [
            ("2026-04-29", RepairFault.too_early),
            ("2026-04-30", None),
            ("2027-01-30", None),
            ("2027-01-31", RepairFault.over),
        ],
    )
    def test_opens_with_the_minimum_and_closes_with_the_maximum(self, day: str, fault: RepairFault | None) -> None:
        found = repair_fault(Kind.penalty, RecordState.recorded, self.PERIOD, date.fromisoformat(day))
        assert found is fault

    def test_is_for_penalties_that_stand(self) -> None:
        day = date(2026, 6, 1)
        assert repair_fault(Kind.honour, RecordState.recorded, None, day) is RepairFault.no_penalty
        assert repair_fault(Kind.penalty, RecordState.repaired, self.PERIOD, day) is RepairFault.ended

    def test_what_is_decided_stays_decided(self) -> None:
        for act in REPAIR_ACTS:
            for state in (RepairState.granted, RepairState.refused, RepairState.withdrawn):
                assert repair_after(act, state) is None
        assert repair_after("grant", RepairState.supplement) is None


class TestRatings:
    def test_say_what_each_record_did(self) -> None:
        rating = rated(METHOD, [fact(1, Kind.penalty, Severity.general), fact(2), fact(3, Kind.basic)])
        assert (rating.grade, rating.points) == ("B", 75)
        assert [(one.record, one.points) for one in rating.contributions] == [("r001", -15), ("r002", 5), ("r003", 0)]

    def test_honours_add_no_more_than_the_method_allows(self) -> None:
        assert rated(METHOD, [fact(n) for n in range(10)]).points == 100
        assert rated(METHOD, [fact(n) for n in range(2)]).points == 95

    def test_stay_between_nothing_and_a_hundred(self) -> None:
        worst = rated(METHOD, [fact(n, Kind.penalty, Severity.serious) for n in range(5)])
        assert (worst.grade, worst.points) == ("D", 0)

    @settings(max_examples=50, deadline=None)
    @given(st.permutations(range(6)))
    def test_do_not_depend_on_the_order(self, order: list[int]) -> None:
        facts = [fact(n, Kind.penalty, Severity.general) if n % 2 else fact(n) for n in order]
        again = [fact(n, Kind.penalty, Severity.general) if n % 2 else fact(n) for n in range(6)]
        assert rated(METHOD, facts) == rated(METHOD, again)

    def test_of_other_facts_have_another_fingerprint(self) -> None:
        assert rated(METHOD, [fact(1)]).fingerprint != rated(METHOD, [fact(2)]).fingerprint
        assert rated(METHOD, [fact(1)]).fingerprint != rated(METHOD, [fact(1), fact(2)]).fingerprint
