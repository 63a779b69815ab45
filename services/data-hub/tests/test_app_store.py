"""The store of micro-apps, beside the directory that names the data which they use."""

from citykit.testing import ServiceUnderTest

from .micro_apps.test_router import SITES, Desk
from .services.factories import catalogued


async def test_the_store_says_in_words_what_an_app_uses_and_may_do(city: ServiceUnderTest) -> None:
    desk = Desk(city)
    await catalogued(city, "203001-000010", opening="opened")
    await catalogued(city, "203001-000011")
    await desk.register()
    await desk.sent_in(resources=["203001-000010", "203001-000011", "203001-000099"])
    await desk.approve()
    page = (await city.client.get(f"{SITES}/")).text
    assert "空气质量小时数据203001-000010 <code>203001-000010</code>" in page
    assert "空气质量小时数据203001-000011" not in page  # what is not opened is named to nobody outside
    assert page.count("未向社会开放的数据") == 2
    assert "以您的名义上报城市管理问题并查看进度" in page
    assert "<code>city-ops.cases.report</code>" in page
