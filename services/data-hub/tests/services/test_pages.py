"""What people see of a data service: its page, and what an unopened one tells who comes without a key."""

from citykit.testing import ServiceUnderTest

from .factories import AIR, HUB, Office

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = f"/api/data-hub/services/{AIR}"
CONTACT = "data@hengshui.example"


async def test_an_unopened_service_says_whose_it_is_and_how_one_gets_leave(city: ServiceUnderTest) -> None:
    await (office := Office(city)).publish()
    provider = (await city.client.get(f"{HUB}/services/{AIR}", headers=office.ecology)).json()["provider_name"]
    page = await city.client.get(PAGE, headers=BROWSER)
    assert provider
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (401, "text/html")
    for told in ("空气质量小时数据", provider, "共享申请", "申请密钥", CONTACT, "applies for a grant"):
        assert told in page.text
    english = await city.client.get(f"{HUB}/services/{AIR}/rows", headers={"Accept-Language": "en"})
    assert english.status_code == 401
    assert "a partner asks a department that holds one for a key" in english.json()["detail"]
    assert AIR in english.json()["detail"]


async def test_one_that_the_public_may_not_know_of_says_nothing(city: ServiceUnderTest) -> None:
    await Office(city).publish(public_metadata=False)
    page = await city.client.get(PAGE, headers=BROWSER)
    assert page.status_code == 404
    assert "空气质量" not in page.text
    assert CONTACT not in page.text


async def test_types_of_items_are_said_in_chinese_first(city: ServiceUnderTest) -> None:
    await Office(city).publish(opening="opened", share_type="unconditional", share_condition=None)
    page = (await city.client.get(PAGE)).text
    for chinese, english in (("文本", "text"), ("整数", "integer"), ("数值", "number"), ("时间", "time")):
        assert f'{chinese} <span lang="en">{english}</span>' in page
