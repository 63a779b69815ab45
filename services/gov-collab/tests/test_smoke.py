from citykit.testing import ServiceUnderTest


async def test_sample(city: ServiceUnderTest) -> None:
    from gov_collab.sample import load_sample

    async with city.work() as work:
        await load_sample(work, 0)
    async with city.work() as work:
        await load_sample(work, 0)
    events = await city.events()
    assert len(events) == 9, events
    r = await city.client.get("/api/gov-collab/v1/organisations/departments?division=131100&words=%E5%9F%8E%E7%AE%A1")
    print(r.json())
    citizen = city.token(["gov-collab.hotline.submit"])
    op = city.token(["gov-collab.hotline.operate"])
    r = await city.client.post(
        "/api/gov-collab/v1/hotline/tickets",
        json={
            "title": "路灯不亮",
            "text": "门口路灯不亮\n三天了",
            "contact": {"name": "王建国", "phone": "13900000001"},
            "location": {"longitude": 115.7, "latitude": 37.7, "address": "人民路"},
        },
        headers=citizen,
    )
    print(r.status_code, r.json())
    t = r.json()["id"]
    base = f"/api/gov-collab/v1/hotline/tickets/{t}"
    for path, body, who in [
        ("classifications", {"nature": "complaint", "matter": "street-lighting"}, op),
        ("assignments", {}, op),
    ]:
        r = await city.client.post(f"{base}/{path}", json=body, headers=who)
        print(r.status_code, r.json())
    for who in (citizen, op):
        r = await city.client.get(base, headers=who)
        print(r.status_code, r.json())
    r = await city.client.get(f"{base}/suggestions", headers=op)
    print(r.status_code, r.json())
    r = await city.client.get("/api/gov-collab/v1/hotline/tickets?words=灯", headers=op)
    print(r.status_code, r.json())
