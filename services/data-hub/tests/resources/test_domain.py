"""The rules of the directory: codes, legal bases, sensitivity, quality rules, patience."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data_hub.datasets.domain import ColumnType
from data_hub.resources.differences import differences
from data_hub.resources.domain import (
    CODE,
    POPULATION,
    Format,
    ResourceClass,
    UpdateCycle,
    canonical_code,
    class_of,
    directory_of,
    faults,
    has_own_rows,
    overdue,
    parsed,
    patience,
)
from data_hub.resources.schemas import Description, InformationItem, ResourceDraft

from .factories import description, draft, item

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def found(**more: Any) -> set[str]:
    return {fault.code for fault in faults(Description.model_validate(description(**more)).terms())}


def rule(kind: str, type_: str = "string", **more: Any) -> set[str]:
    """The faults of one rule on an item of a type."""
    return found(items=[item("a", type_, required=True, rules=[{"kind": kind} | more])], key=["a"])


class TestCodes:
    def test_both_written_forms_are_one(self) -> None:
        assert canonical_code("203001/000001") == "203001-000001"
        assert ResourceDraft.model_validate(draft("203001/000001")).code == "203001-000001"

    @pytest.mark.parametrize(
        "code", ["403001-000001", "20300-000001", "203001-00001", "203001", "203001-0000011", "２03001-000001"]
    )
    def test_others_are_none(self, code: str) -> None:
        assert not CODE.fullmatch(code) or not code.isascii()

    @pytest.mark.parametrize("code", ["403001", "20300", "203001-1", "203001-000001\n", "a"])
    def test_a_draft_refuses_them(self, code: str) -> None:
        with pytest.raises(ValidationError):
            ResourceDraft.model_validate(draft(code.replace("\n", "\nx")))

    def test_say_class_and_directory(self) -> None:
        assert [class_of(code) for code in ("101001-000001", "203001-000001", "303001-000001")] == list(ResourceClass)
        assert directory_of("20300199-000001") == "20300199"

    def test_registries_keep_their_own_rows(self) -> None:
        items = Description.model_validate(description()).items
        assert has_own_rows("203001-000001", Format.database, items)
        assert not has_own_rows(POPULATION, Format.database, items)
        assert not has_own_rows("203001-000001", Format.document, items)


class TestSharingAndOpening:
    def test_a_good_description_has_no_fault(self) -> None:
        assert found() == set()

    @pytest.mark.parametrize("kind", ["conditional", "refused"])
    def test_need_a_legal_basis(self, kind: str) -> None:
        assert "legal-basis" in found(share_type=kind, opening="closed")

    def test_conditional_sharing_and_opening_state_their_condition(self) -> None:
        assert found(share_type="conditional", share_basis="条例", opening="conditional") == {"condition"}

    def test_what_is_not_shared_is_not_opened(self) -> None:
        assert found(share_type="refused", share_basis="保密法") == {"not-shared"}

    def test_personal_items_are_neither_opened_nor_shared_without_condition(self) -> None:
        items = [item("a", sensitivity="personal", required=True)]
        assert found(items=items, key=["a"]) == {"sensitive-items", "personal-items"}

    def test_internal_items_are_not_opened(self) -> None:
        assert found(items=[item("a", sensitivity="internal", required=True)], key=["a"]) == {"sensitive-items"}

    def test_secret_items_are_not_shared(self) -> None:
        items = [item("a", sensitivity="secret")]
        assert found(items=items, key=[], opening="closed") == {"secret-items"}


class TestItems:
    def test_a_table_has_items_with_names_of_their_own(self) -> None:
        assert found(items=[], key=[]) == {"none"}
        assert "twice" in found(items=[item("a"), item("a")], key=[])

    def test_a_key_is_of_required_items(self) -> None:
        assert found(key=["nothing"]) == {"no-such-item"}
        assert found(key=["aqi"]) == {"optional"}

    @pytest.mark.parametrize(
        ("kind", "type_", "more"),
        [
            ("range", "integer", {"minimum": "0", "maximum": "500"}),
            ("range", "date", {"minimum": "2020-01-01"}),
            ("range", "datetime", {"maximum": "2030-01-01T00:00:00+08:00"}),
            ("pattern", "string", {"pattern": r"\d{4}[A-Z]+"}),
            ("codes", "string", {"values": ["1", "2"], "list_name": "GB/T 2261.1"}),
            ("check-digit", "string", {"scheme": "gb32100"}),
            ("unique", "string", {}),
            ("reference", "string", {"resource": "102001-000001", "item": "uscc"}),
            ("freshness", "datetime", {"hours": 3}),
        ],
    )  # fmt: skip
    def test_rules_that_fit(self, kind: str, type_: str, more: dict[str, Any]) -> None:
        assert rule(kind, type_, **more) == set()

    @pytest.mark.parametrize(
        ("kind", "type_", "more"),
        [
            ("range", "string", {"minimum": "0"}),
            ("range", "integer", {}),
            ("range", "integer", {"minimum": "9", "maximum": "1"}),
            ("range", "integer", {"minimum": "NaN"}),
            ("range", "date", {"minimum": "yesterday"}),
            ("range", "datetime", {"minimum": "2026-01-01T00:00:00"}),
            ("pattern", "integer", {"pattern": "a"}),
            ("pattern", "string", {"pattern": "("}),
            ("pattern", "string", {"pattern": r"(a)\1"}),
            ("pattern", "string", {"pattern": "(?=a)b"}),
            ("pattern", "string", {"pattern": "a" * 301}),
            ("codes", "string", {"values": []}),
            ("codes", "string", {"values": ["1", "1"]}),
            ("check-digit", "integer", {"scheme": "gb11643"}),
            ("reference", "string", {"resource": "x", "item": "uscc"}),
            ("freshness", "string", {"hours": 3}),
            ("freshness", "datetime", {"hours": 0}),
        ],
    )  # fmt: skip
    def test_rules_that_do_not(self, kind: str, type_: str, more: dict[str, Any]) -> None:
        assert rule(kind, type_, **more) == {"rule"}

    def test_a_kind_of_rule_stands_once(self) -> None:
        assert "twice" in found(items=[item("a", rules=[{"kind": "unique"}, {"kind": "unique"}])], key=[])

    @pytest.mark.parametrize("bad", [{"kind": "sql", "check": "1=1"}, {"kind": "range", "min": "0"}, {"minimum": "0"}])
    def test_unknown_rules_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            InformationItem.model_validate(item("a", rules=[bad]))

    @given(st.decimals(allow_nan=False, allow_infinity=False))
    @settings(max_examples=30)
    def test_bounds_stay_exact(self, number: Any) -> None:
        assert parsed(ColumnType.number, str(number)) == number

    def test_a_description_survives_being_kept(self) -> None:
        content = Description.model_validate(
            description(items=[item("a", rules=[{"kind": "codes", "values": ["1"]}])], key=[])
        )
        assert Description.model_validate(content.model_dump(mode="json")) == content


class TestPatience:
    def test_grows_with_the_cycle(self) -> None:
        limits = [limit for cycle in UpdateCycle if (limit := patience(cycle)) is not None]
        assert limits == sorted(limits)

    @pytest.mark.parametrize("cycle", [UpdateCycle.irregular, UpdateCycle.never])
    def test_has_no_end_where_nothing_is_due(self, cycle: UpdateCycle) -> None:
        assert not overdue(cycle, datetime(1990, 1, 1, tzinfo=UTC), NOW)

    def test_ends(self) -> None:
        assert not overdue(UpdateCycle.hourly, NOW - timedelta(hours=3), NOW)
        assert overdue(UpdateCycle.hourly, NOW - timedelta(hours=3, seconds=1), NOW)


named = st.fixed_dictionaries({"name": st.sampled_from("abcd"), "title": st.text(max_size=2)})
lists = st.lists(named, max_size=4, unique_by=lambda one: one["name"])
contents: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({"name": st.text(max_size=3), "items": lists})


class TestDifferences:
    @given(contents, contents)
    @settings(max_examples=50)
    def test_are_none_between_equals_alone(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        assert differences(one, one) == []
        assert bool(differences(one, other)) is (one != other)

    def test_name_the_items(self) -> None:
        a, b, c = ({"name": name} for name in ("a", "b", "c"))
        before: dict[str, Any] = {"items": [a, b]}
        assert [name for name, _, _ in differences(before, {"items": [b, c]})] == ["items.a", "items.c"]
        assert differences(before, {"items": [b, a]}) == [("items", ["a", "b"], ["b", "a"])]
