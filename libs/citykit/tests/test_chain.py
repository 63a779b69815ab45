"""The hash chain against the reference's vectors, and against every way to falsify one."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citykit.chain import GENESIS, Break, Fault, NotCanonicalError, canonical, canonical_text, link, verify

Chained = list[tuple[dict[str, Any], bytes]]

values = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))
rows = st.lists(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), values, max_size=4), max_size=8)


def chained(*payloads: dict[str, Any]) -> Chained:
    reached, chain = GENESIS, []
    for payload in payloads:
        reached = link(reached, payload)
        chain.append((payload, reached))
    return chain


class TestVectors:
    def test_evidence_row(self) -> None:
        row = {"at": "2026-11-22T08:00:00Z", "item": "目录", "seq": 1, "what": "read", "who": "131102"}
        assert link(GENESIS, row).hex() == "6e396e146d21c3dd9310f477e709ddee998fe9b4dd919146189b06ec976c4397"

    def test_case_row(self) -> None:
        row = {
            "type": "submitted",
            "stream": "case/2026-0001",
            "seq": 1,
            "data": {"item": "x"},
            "at": "2026-11-22T09:00:00.000+08:00",
            "actor": "u1",
        }
        assert link(GENESIS, row).hex() == "13446f384c5798ce9b2783093b180867231a741143164881a911bd99b9ecd948"

    def test_canonical_json(self) -> None:
        row = {"b": 1, "a": "衡水", "n": 1.0, "t": [2.50, 1e21]}
        assert canonical(row).decode() == '{"a":"衡水","b":1,"n":1,"t":[2.5,1e+21]}'

    def test_keys_sort_by_utf16_units(self) -> None:
        keys = ["\ufb33", "😀", "a", "10", "1"]
        written = canonical(dict.fromkeys(keys, 0)).decode()
        assert [written.index(f'"{key}"') for key in ["1", "10", "a", "😀", "\ufb33"]] == sorted(
            written.index(f'"{key}"') for key in keys
        )

    def test_the_first_row_follows_32_zero_bytes(self) -> None:
        assert bytes(32) == GENESIS
        assert link(GENESIS, {}) == hashlib.sha256(bytes(32) + b"{}").digest()


class TestLink:
    @pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", object(), b"x"])
    def test_a_row_without_canonical_json_is_refused(self, value: object) -> None:
        with pytest.raises(NotCanonicalError):
            link(GENESIS, {"value": value})

    @pytest.mark.parametrize("size", [0, 31, 33, 64])
    def test_a_hash_of_another_length_is_refused(self, size: int) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            link(bytes(size), {})

    def test_the_order_of_keys_does_not_count(self) -> None:
        assert link(GENESIS, {"a": 1, "b": 2}) == link(GENESIS, {"b": 2, "a": 1})

    def test_a_kept_text_is_hashed_byte_by_byte(self) -> None:
        assert link(GENESIS, b'{"a":1}') == link(GENESIS, {"a": 1})
        assert link(GENESIS, b'{"a": 1}') != link(GENESIS, {"a": 1})


class TestVerify:
    def test_nothing_is_whole(self) -> None:
        assert verify([]) is None

    def test_a_changed_row_is_named(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2}, {"seq": 3})
        expected, chain[1] = link(chain[0][1], {"seq": 2, "note": "x"}), ({"seq": 2, "note": "x"}, chain[1][1])
        assert verify(chain) == Break(2, Fault.changed, expected, chain[1][1])

    def test_a_changed_hash_is_named(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2})
        chain[0] = (chain[0][0], bytes(32))
        broken = verify(chain)
        assert broken is not None
        assert (broken.position, broken.found) == (1, bytes(32))

    def test_a_rewritten_row_with_its_own_hash_breaks_at_the_next(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2}, {"seq": 3})
        chain[0] = ({"seq": 9}, link(GENESIS, {"seq": 9}))
        broken = verify(chain)
        assert broken is not None
        assert broken.position == 2

    def test_a_removed_row_is_named(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2}, {"seq": 3})
        del chain[1]
        broken = verify(chain)
        assert broken is not None
        assert broken.position == 2

    def test_a_row_that_could_never_be_chained_is_named(self) -> None:
        chain = [*chained({"seq": 1}), ({"seq": 2**60}, bytes(32))]
        assert verify(chain) == Break(2, Fault.not_canonical, None, bytes(32))

    def test_cut_off_rows_show_against_a_known_head(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2})
        head = chain[-1][1]
        assert verify(chain, head=head) is None
        assert verify(chain[:1]) is None
        assert verify(chain[:1], head=head) == Break(2, Fault.cut_off, head, chain[0][1])
        assert verify([], head=head) == Break(1, Fault.cut_off, head, GENESIS)

    def test_it_goes_on_from_a_trusted_hash(self) -> None:
        chain = chained({"seq": 1}, {"seq": 2}, {"seq": 3})
        assert verify(chain[1:], after=chain[0][1]) is None
        assert verify(chain[1:]) is not None

    def test_it_reads_a_stream_once(self) -> None:
        assert verify(pair for pair in chained({"seq": 1}, {"seq": 2})) is None

    @settings(max_examples=60, deadline=None)
    @given(rows)
    def test_what_was_chained_verifies(self, payloads: list[dict[str, Any]]) -> None:
        chain = chained(*payloads)
        assert verify(chain, head=chain[-1][1] if chain else GENESIS) is None

    @settings(max_examples=60, deadline=None)
    @given(rows.filter(bool), st.data())
    def test_the_first_falsified_row_is_named(self, payloads: list[dict[str, Any]], data: st.DataObject) -> None:
        chain = chained(*payloads)
        at = data.draw(st.integers(0, len(chain) - 1))
        chain[at] = (chain[at][0] | {"forged": True}, chain[at][1])
        broken = verify(chain)
        assert broken is not None
        assert (broken.position, broken.fault) == (at + 1, Fault.changed)


class TestCanonicalText:
    @given(
        st.recursive(
            values | st.integers(-(2**60), 2**60) | st.text() | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
            max_leaves=12,
        )
    )
    def test_it_is_the_canonical_form_whichever_encoder_wrote_it(self, value: Any) -> None:
        row = {"data": value, "at": "2026"}
        try:
            expected = canonical(row).decode()
        except NotCanonicalError:
            with pytest.raises(NotCanonicalError):
                canonical_text(row)
        else:
            assert canonical_text(row) == expected
