"""How long licences last: for so many months, to a day that each says, for ever; and those entered from paper."""

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from citykit.testing import ServiceUnderTest, at
from data_hub.licences.batches import ISSUE_PART
from data_hub.licences.domain import TermRule, Validity

from .factories import LI, TYPE, WANG, Desk

PAPER = "冀衡卫证字〔2024〕第0123号"
HEAD = "holder_name,holder_number,trade,examined_on,valid_from,valid_to,paper_number"


@pytest.fixture
def desk(city: ServiceUnderTest) -> Desk:
    city.clock.set(at("2026-11-20T10:00:00+08:00"))
    return Desk(city)


def line(who: tuple[str, str], first: str, last: str, paper: str) -> str:
    return f"{who[0]},{who[1]},餐饮,2026-11-01,{first},{last},{paper}"


async def batch(desk: Desk, *lines: str, drain: bool = True) -> dict[str, Any]:
    answer = await desk.send(
        "POST", f"/batches?type_code={TYPE}", desk.issuer | {"Content-Type": "text/csv"},
        content="\n".join([HEAD, *lines]).encode(),
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    if drain:
        await desk.city.drain()
    return dict((await desk.get(f"/batches/{answer.json()['id']}")).json())


async def faults(desk: Desk, made: dict[str, Any]) -> list[tuple[int, str, str]]:
    told = (await desk.get(f"/batches/{made['id']}/faults")).json()["items"]
    return [(one["line"], fault["field"], fault["code"]) for one in told for fault in one["faults"]]


class TestRules:
    FIRST = date(2026, 11, 20)

    @pytest.mark.parametrize(
        ("rule", "asked", "stock", "code", "ends"),
        [
            (TermRule(Validity.months, 12), None, False, None, date(2027, 11, 19)),
            (TermRule(Validity.months, 12), date(2027, 11, 19), False, None, date(2027, 11, 19)),
            (TermRule(Validity.months, 12), date(2027, 6, 30), False, "range", None),
            (TermRule(Validity.months, 12), date(2027, 6, 30), True, None, date(2027, 6, 30)),
            (TermRule(Validity.months, 12), date(2027, 11, 20), True, "range", None),
            (TermRule(Validity.until, 12), None, False, "missing", None),
            (TermRule(Validity.until, 12), FIRST, False, None, FIRST),
            (TermRule(Validity.until, 12), date(2026, 11, 19), False, "range", None),
            (TermRule(Validity.until, 12), date(2027, 11, 20), False, "range", None),
            (TermRule(Validity.long, None), None, False, None, None),
            (TermRule(Validity.long, None), date(2030, 1, 1), False, "range", None),
        ],
    )
    def test_say_which_last_days_there_are(
        self, rule: TermRule, asked: date | None, stock: bool, code: str | None, ends: date | None
    ) -> None:
        assert rule.fault(self.FIRST, asked, stock=stock) == code
        if code is None:
            assert rule.ends(self.FIRST, asked) == ends


class TestTypes:
    @pytest.mark.parametrize(("months", "validity"), [(12, "months"), (None, "long")])
    async def test_without_a_word_last_for_their_months_or_for_ever(
        self, desk: Desk, months: int | None, validity: str
    ) -> None:
        made = await desk.type(valid_months=months)
        assert (made["validity"], made["stock"]) == (validity, False)

    @pytest.mark.parametrize(("months", "validity"), [(12, "long"), (None, "months"), (None, "until")])
    async def test_that_contradict_themselves_are_refused(
        self, desk: Desk, months: int | None, validity: str
    ) -> None:  # fmt: skip
        with pytest.raises(AssertionError, match="licence-type-fault"):
            await desk.type(valid_months=months, validity=validity)


class TestUntilADay:
    async def test_each_licence_says_its_own_last_day(self, desk: Desk) -> None:
        licence = await desk.issued_until("2024-12-01", "2027-05-04")
        assert (licence["valid_from"], licence["valid_to"]) == ("2024-12-01", "2027-05-04")

    @pytest.mark.parametrize(
        ("last", "code"), [(None, "missing"), ("2029-11-20", "range"), ("2026-11-19", "range")]
    )  # fmt: skip
    async def test_within_the_months_of_its_type(self, desk: Desk, last: str | None, code: str) -> None:
        await desk.type(validity="until", valid_months=36)
        answer = await desk.draft(valid_to=last)
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/body/valid_to", code)]

    async def test_and_is_renewed_to_another_counted_from_the_old_one(self, desk: Desk) -> None:
        licence = await desk.issued_until("2024-12-01", "2026-12-31")
        path = f"/{licence['id']}/renewals"
        assert (await desk.post(path, {})).json()["errors"][0]["code"] == "missing"
        assert (await desk.post(path, {"valid_to": "2030-01-01"})).json()["errors"][0]["code"] == "range"
        renewed = (await desk.post(path, {"valid_to": "2029-12-31"})).json()
        assert (renewed["valid_from"], renewed["valid_to"]) == ("2026-11-20", "2029-12-31")


class TestStock:
    """Licences on paper come in with the term and the number that they have."""

    async def test_carry_the_number_of_their_paper_through_their_versions(self, desk: Desk) -> None:
        licence = await desk.issued_until("2024-12-01", "2027-05-04", paper_number=PAPER)
        renewed = await desk.post(
            f"/{licence['id']}/amendments", {"claims": {"trade": "托幼", "examined_on": "2026-11-01"}, "reason": "换岗"}
        )
        assert renewed.status_code == 201, renewed.text
        for one in (licence, renewed.json()):
            assert (await desk.get(f"/{one['id']}")).json()["paper_number"] == PAPER

    async def test_show_it_in_their_forms(self, desk: Desk) -> None:
        licence = await desk.issued_until("2024-12-01", "2027-05-04", paper_number=PAPER)
        shown = (await desk.verify(text=await desk.credential(licence)))["shown"]
        assert shown["paper_number"] == PAPER

    async def test_lie_sealed_in_the_database(self, desk: Desk) -> None:
        await desk.issued_until("2024-12-01", "2027-05-04", paper_number=PAPER)
        async with desk.city.work() as work:
            said = await work.session.scalar(text("select row_to_json(licence)::text from licence"))
        assert "冀衡" not in str(said)

    async def test_of_two_of_one_number_at_once_one_is_entered(self, desk: Desk) -> None:
        await desk.type(stock=True)
        spellings = (PAPER, "冀衡卫证字〔2024〕第０１２３号", f" {PAPER[:6]} {PAPER[6:]}")
        answers = await asyncio.gather(*(desk.draft(WANG, paper_number=one) for one in spellings))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
        refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
        assert refused == {"/problems/licence-paper-number-taken"}

    async def test_of_a_licence_that_was_revoked_the_number_is_free(self, desk: Desk) -> None:
        await desk.type(stock=True)
        wrong = (await desk.draft(WANG, paper_number=PAPER)).json()
        await desk.act(wrong, "revocations")
        assert (await desk.draft(LI, paper_number=PAPER)).status_code == 201

    async def test_are_taken_where_the_type_says_so(self, desk: Desk) -> None:
        await desk.type()
        answer = await desk.draft(paper_number=PAPER)
        assert answer.json()["errors"][0] == {"pointer": "/body/paper_number", "code": "stock", "message": "stock"}

    async def test_come_in_by_a_file(self, desk: Desk) -> None:
        await desk.issued_until("2024-12-01", "2027-05-04", paper_number=PAPER)
        made = await batch(
            desk,
            line(WANG, "2023-03-01", "2026-02-28", "A1"),
            line(WANG, "2025-03-01", "2028-02-29", "a 1"),
            line(LI, "2025-03-01", "2028-02-28", PAPER),
            line(LI, "2025-03-01", "2028-03-01", "A2"),
            line(LI, "2025-03-01", "", "A3"),
            line(LI, "2025-03-01", "2028-02-30", "A4"),
            line(LI, "2025-03-01", "2028-02-28", "A" * 61),
            line(LI, "9999-03-01", "", ""),
        )
        assert (made["issued"], made["refused"]) == (1, 7)
        assert await faults(desk, made) == [
            (3, "paper_number", "taken"), (4, "paper_number", "taken"), (5, "valid_to", "range"),
            (6, "valid_to", "missing"), (7, "valid_to", "date"), (8, "paper_number", "length"),
            (9, "valid_from", "range"),
        ]  # fmt: skip
        (entered,) = [one for one in (await desk.get("")).json()["items"] if one["holder"] == "王*国"]
        assert (entered["valid_from"], entered["valid_to"], entered["standing"]) == (
            "2023-03-01", "2026-02-28", "expired",
        )  # fmt: skip

    async def test_of_two_files_at_once_each_number_is_entered_once(self, desk: Desk) -> None:
        await desk.type(stock=True)
        files = [await batch(desk, line(WANG, "2026-03-01", "2026-12-31", "A1"), drain=False) for _ in range(2)]
        await asyncio.gather(*(desk.city.run_task(ISSUE_PART, batch=one["id"], part=0) for one in files))
        desk.city.clock.advance(minutes=2)
        await desk.city.drain()
        done = [(await desk.get(f"/batches/{one['id']}")).json() for one in files]
        assert sorted((one["issued"], one["refused"], one["failure"]) for one in done) == [(0, 1, None), (1, 0, None)]
