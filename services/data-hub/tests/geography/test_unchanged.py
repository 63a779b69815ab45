"""A map program that asks again for what it has is told so, and is told anew when the layer is another."""

import pytest

from citykit.testing import ServiceUnderTest

from .office import OGC, Office, draft, layer_id, point


@pytest.fixture
def office(city: ServiceUnderTest) -> Office:
    return Office(city)


class TestFeaturesAskedForAgain:
    @pytest.mark.parametrize("rest", ["items", "items?limit=1", "items?filter=name IS NOT NULL", "items/a"])
    @pytest.mark.parametrize("accept", ["application/geo+json", "text/html"])
    async def test_are_not_sent_again_until_the_layer_changes(self, office: Office, rest: str, accept: str) -> None:
        layer, said = layer_id(), {"Accept": accept}
        await office.publish(draft(layer, point("a", name="人民公园")))
        path = f"{OGC}/{layer}/{rest}"
        first = await office.city.client.get(path, headers=said)
        known = said | {"If-None-Match": first.headers["etag"]}
        again = await office.city.client.get(path, headers=known)
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        await office.publish(draft(layer, point("a", name="滏阳公园")))
        anew = await office.city.client.get(path, headers=known)
        assert (anew.status_code, "滏阳公园" in anew.text) == (200, True)

    async def test_are_others_for_who_sees_more_and_in_another_form(self, office: Office) -> None:
        layer = layer_id()
        await office.publish(draft(layer, point("a", keeper="张三"), hidden=["keeper"]))
        path = f"{OGC}/{layer}/items"
        answers = [
            await office.get(path), await office.get(path, office.parks), await office.get(path, f="html"),
            await office.get(path, limit=1), await office.get(path, crs="http://www.opengis.net/def/crs/EPSG/0/4490"),
        ]  # fmt: skip
        assert [one.status_code for one in answers] == [200] * 5, [one.text for one in answers]
        assert len({one.headers["etag"] for one in answers}) == 5
        assert (await office.get(path, office.housing)).headers["etag"] == answers[0].headers["etag"]

    async def test_as_they_were_known_stay_what_they_were(self, office: Office) -> None:
        layer, clock = layer_id(), office.city.clock
        await office.publish(draft(layer, point("a", name="人民公园")))
        then = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
        clock.advance(hours=1)
        path = f"{OGC}/{layer}/items"
        before = await office.get(path, **{"as-of": then})
        await office.publish(draft(layer, point("a", name="滏阳公园")))
        tag = {"If-None-Match": before.headers["etag"]}
        assert (await office.get(path, tag, **{"as-of": then})).status_code == 304
