"""What sharing is to the slices that serve data: the policy of a call, its record, and who is told."""

import json
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from citykit.chain import verify
from citykit.testing import ServiceUnderTest
from data_hub.sharing.evidence_models import EvidenceRow
from data_hub.sharing.service import Evidence, Grants, NotGranted, NoticeKind, QuotaUsed, Recipients

from .factories import ECOLOGY, HOUSING, RESOURCE, grant_to, officer


async def records(city: ServiceUnderTest, stream: str) -> list[dict[str, object]]:
    """The records of a stream, after its chain was verified."""
    async with city.work() as work:
        rows = list(
            await work.session.scalars(
                select(EvidenceRow).where(EvidenceRow.stream == stream).order_by(EvidenceRow.seq)
            )
        )
    assert verify((row.entry.encode(), row.hash) for row in rows) is None
    return [json.loads(row.entry) for row in rows]


class TestPolicy:
    async def test_is_the_grant(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING, columns=["station", "aqi"], row_filter="station=eq.1074A")
        async with city.work() as work:
            grant = await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
        assert (grant.id, grant.columns, grant.row_filter) == (made, ("station", "aqi"), "station=eq.1074A")

    async def test_refuses_without_a_grant_and_leaves_a_record(self, city: ServiceUnderTest) -> None:
        with pytest.raises(NotGranted) as refused:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(ECOLOGY))
        assert refused.value.members["code"] == "none"
        (record,) = await records(city, f"resource/{RESOURCE}")
        assert (record["outcome"], record["code"], record["actor_org"]) == ("refused", "none", ECOLOGY)

    async def test_refuses_somebody_without_a_department(self, city: ServiceUnderTest) -> None:
        with pytest.raises(NotGranted):
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(None))

    @pytest.mark.parametrize("state", ["suspended", "revoked"])
    async def test_obeys_on_the_next_call(self, city: ServiceUnderTest, state: str) -> None:
        made = await grant_to(city, HOUSING)
        async with city.work() as work:
            await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
            await work.session.execute(text("update sharing_grant set state = :s"), {"s": state})
        with pytest.raises(NotGranted) as refused:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
        assert refused.value.members["code"] == state
        (record,) = await records(city, f"grant/{made}")
        assert record["code"] == state

    async def test_runs_out_by_the_clock(self, city: ServiceUnderTest) -> None:
        await grant_to(city, HOUSING)
        city.clock.advance(days=400)
        with pytest.raises(NotGranted) as refused:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
        assert refused.value.members["code"] == "expired"

    async def test_is_nobody_else_s(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING)
        with pytest.raises(NotGranted) as refused:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(ECOLOGY), grant=made)
        assert refused.value.members["code"] == "none"
        (record,) = await records(city, f"resource/{RESOURCE}")
        assert record["actor_org"] == ECOLOGY

    async def test_asks_which_of_several(self, city: ServiceUnderTest) -> None:
        first = await grant_to(city, HOUSING)
        await grant_to(city, HOUSING, purpose="另一用途")
        with pytest.raises(NotGranted) as refused:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
        assert refused.value.members["code"] == "purpose"
        async with city.work() as work:
            assert (await Grants(work).policy(RESOURCE, actor=officer(HOUSING), grant=first)).id == first


class TestQuota:
    async def test_is_kept_to_the_row(self, city: ServiceUnderTest) -> None:
        await grant_to(city, HOUSING, daily_quota_rows=100)
        async with city.work() as work:
            grant = await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
            assert grant.rows_left == 100
            await Grants(work).charge(grant, 60, actor=officer(HOUSING))
        with pytest.raises(QuotaUsed) as refused:
            async with city.work() as work:
                await Grants(work).charge(grant, 41, actor=officer(HOUSING))
        assert refused.value.status == 429
        assert int(refused.value.headers["Retry-After"]) > 0
        async with city.work() as work:
            await Grants(work).charge(grant, 40, actor=officer(HOUSING))
        with pytest.raises(NotGranted) as spent:
            async with city.work() as work:
                await Grants(work).policy(RESOURCE, actor=officer(HOUSING))
        assert spent.value.members["code"] == "quota"
        city.clock.advance(days=1)
        async with city.work() as work:
            assert (await Grants(work).policy(RESOURCE, actor=officer(HOUSING))).rows_left == 100


class TestRecord:
    async def test_goes_with_the_transaction(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING)

        async def serve_and_fail() -> None:
            async with city.work() as work:
                await serve(work, made)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await serve_and_fail()
        assert await records(city, f"grant/{made}") == []

    async def test_of_two_in_one_transaction_are_chained(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING)
        async with city.work() as work:
            await serve(work, made, rows=1)
            await serve(work, made, rows=2)
        found = await records(city, f"grant/{made}")
        assert [(one["seq"], one["rows"]) for one in found] == [(1, 1), (2, 2)]

    async def test_of_a_refusal_undoes_everything_else(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING)

        async def act_and_be_refused() -> None:
            async with city.work() as work:
                work.audit.note(stream="x/1", act="x", by="client:x")
                await work.session.execute(text("update sharing_grant set purpose = 'x'"))
                await serve(work, made)
                await Grants(work).policy(RESOURCE, actor=officer(ECOLOGY))

        with pytest.raises(NotGranted):
            await act_and_be_refused()
        async with city.work() as work:
            assert await work.session.scalar(text("select count(*) from audit_entry where stream = 'x/1'")) == 0
            assert await work.session.scalar(text("select purpose from sharing_grant")) != "x"
        assert await records(city, f"grant/{made}") == []
        assert len(await records(city, f"resource/{RESOURCE}")) == 1

    async def test_names_a_person_by_a_keyed_hash_alone(self, city: ServiceUnderTest) -> None:
        made = await grant_to(city, HOUSING)
        async with city.work() as work:
            await serve(work, made, subject="person:01890000-0000-7000-8000-000000001001")
        (record,) = await records(city, f"grant/{made}")
        assert len(str(record["subject"])) == 64
        assert "01890000-0000-7000-8000-000000001001" not in json.dumps(record)

    @pytest.mark.parametrize(
        "change",
        ["update evidence set entry = replace(entry, 'served', 'secret')", "delete from evidence", "truncate evidence"],
    )
    async def test_stays_as_it_is(self, city: ServiceUnderTest, change: str) -> None:
        made = await grant_to(city, HOUSING)
        async with city.work() as work:
            await serve(work, made)
        with pytest.raises(DBAPIError, match="append-only"):
            async with city.work() as work:
                await work.session.execute(text(change))


class TestRecipients:
    async def test_are_departments_that_received_rows(self, city: ServiceUnderTest) -> None:
        served = await grant_to(city, HOUSING)
        await grant_to(city, ECOLOGY)
        async with city.work() as work:
            await serve(work, served, rows=3)
            await work.session.execute(text("update sharing_grant set state = 'revoked'"))
        async with city.work() as work:
            told = await Recipients(work).tell(
                RESOURCE, kind=NoticeKind.correction, subject="1074A", note=("已更正", "Corrected")
            )
        assert told == 1
        async with city.work() as work:
            assert await work.session.scalar(text("select department from sharing_notice")) == HOUSING


async def serve(work: object, grant: UUID, *, rows: int = 1, subject: str | None = None) -> None:
    """Record a served call."""
    await Evidence(work).record(  # type: ignore[arg-type]  # the work of this test
        resource=RESOURCE, grant=grant, actor=officer(HOUSING), action="query", outcome="served", rows=rows,
        columns=("station",), subject=subject,
    )  # fmt: skip
