"""The rules of messages by example and by property."""

from datetime import datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citizen_pass.messages.domain import TEMPLATES, DeliveryState, after_quiet_hours, later, sms_parts, write
from citykit.clock import CHINA

STATES = st.sampled_from([state.value for state in DeliveryState])


def beijing(text):
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


class TestStates:
    def test_a_late_sent_does_not_undo_delivered(self):
        assert later("delivered", "sent") == "delivered"

    def test_a_failure_is_replaced_by_proof_of_arrival_alone(self):
        assert later("failed", "sent") == "failed"
        assert later("failed", "delivered") == "delivered"
        assert later("delivered", "failed") == "delivered"

    @given(st.lists(STATES, min_size=1, max_size=8), st.randoms())
    @settings(max_examples=60, deadline=None)
    def test_the_order_of_reports_does_not_matter(self, reports, random):
        def reached(sequence):
            state = "created"
            for report in sequence:
                state = later(state, report)
            return state

        shuffled = list(reports)
        random.shuffle(shuffled)
        assert reached(reports) == reached(shuffled)


class TestQuietHours:
    @pytest.mark.parametrize(
        ("now", "until"),
        [
            ("2026-11-24 21:59", None), ("2026-11-24 22:00", "2026-11-25 07:00"),
            ("2026-11-25 06:59", "2026-11-25 07:00"),
            ("2026-11-25 07:00", None), ("2026-12-31 23:00", "2027-01-01 07:00"),
        ],
    )  # fmt: skip
    def test_over_midnight(self, now, until):
        assert after_quiet_hours(beijing(now), time(22), time(7)) == (beijing(until) if until else None)

    def test_within_a_day_and_none_at_all(self):
        assert after_quiet_hours(beijing("2026-11-24 13:00"), time(12), time(14)) == beijing("2026-11-24 14:00")
        assert after_quiet_hours(beijing("2026-11-24 13:00"), time(0), time(0)) is None

    @given(
        st.datetimes(beijing("2026-01-01").replace(tzinfo=None), beijing("2026-12-31").replace(tzinfo=None)),
        st.times(),
        st.times(),
    )
    @settings(max_examples=60, deadline=None)
    def test_what_waits_goes_out_outside_of_them(self, now, quiet_from, quiet_until):
        until = after_quiet_hours(now.replace(tzinfo=CHINA), quiet_from, quiet_until)
        assert until is None or until > now.replace(tzinfo=CHINA)
        assert until is None or after_quiet_hours(until, quiet_from, quiet_until) is None


class TestSmsParts:
    @pytest.mark.parametrize(("length", "parts"), [(70, 1), (71, 2), (134, 2), (135, 3), (201, 3)])
    def test_vectors(self, length, parts):
        assert sms_parts("字" * length) == parts


class TestTemplates:
    @pytest.mark.parametrize("kind", sorted(TEMPLATES))
    def test_short_words_have_no_place_for_personal_data(self, kind):
        assert "{" not in "".join(TEMPLATES[kind].short)
        assert sms_parts(f"【智慧衡水】{TEMPLATES[kind].short[0]}，请登录城市通查看：http://127.0.0.1:8000/") == 1

    def test_what_a_person_wrote_is_put_in_as_it_stands(self):
        words = write("ticket-taken", {"number": "1", "title": "{number} %s {0}"})
        assert "{number} %s {0}" in words.body[0]
