"""Merging what the services answer, by property."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from citizen_pass.privacy.domain import merged, next_offset

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Read:
    service: str
    logtime: datetime
    id: int


READS = st.lists(
    st.builds(
        Read, st.sampled_from("abcde"), st.integers(0, 9).map(lambda d: START + timedelta(d)), st.integers(0, 999)
    ),
    unique=True, max_size=25,
)  # fmt: skip


def answers(reads, newest):
    """What each service would answer: its own newest ones."""
    by_service = {}
    for read in sorted(reads, key=lambda r: (r.logtime, str(r.id)), reverse=True):
        by_service.setdefault(read.service, []).append(read)
    return [own[:newest] for own in by_service.values()]


class TestMerged:
    @given(READS, st.integers(1, 7))
    @settings(max_examples=80)
    def test_pages_hold_every_read_once_newest_first(self, reads, limit):
        seen = []
        for offset in range(0, len(reads) + limit, limit):
            seen += merged(answers(reads, offset + limit), offset=offset, limit=limit)
        assert sorted(seen, key=repr) == sorted(reads, key=repr)
        assert [read.logtime for read in seen] == sorted((read.logtime for read in reads), reverse=True)


class TestNextOffset:
    def test_last_page_and_the_end_of_paging(self):
        assert next_offset(offset=0, limit=10, total=11, furthest=900) == 10
        assert next_offset(offset=0, limit=10, total=10, furthest=900) is None
        assert next_offset(offset=900, limit=50, total=5000, furthest=900) is None
