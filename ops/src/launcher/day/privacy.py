"""Step 5: the citizen opens *who read my data* and finds exactly the reads that happened."""

from collections import Counter
from typing import Any

from launcher.day.account import Day
from launcher.day.people import Unexpected


def look(day: Day) -> list[dict[str, Any]]:
    """Her page of readings, compared with what happened."""
    with day.step(5, "谁看过我的数据", "Who read my data"):
        assert day.citizen is not None
        page = day.citizen.get("/api/citizen-pass/v1/privacy/usages", limit=100)
        if page["silent"]:
            raise Unexpected(f"silent services: {page['silent']}")
        for usage in page["items"]:
            who = (usage["receiver_organisation_name"], usage["receiver_post"], usage["receiver_said"])
            fields = "、".join(usage["field_words"].get(field, field) for field in usage["fields"])
            day.tell(
                f"{usage['logtime'][:19]}  {' '.join(word for word in who if word)} · {usage['action']}"
                f" · {usage['purpose']} · {fields}"
            )
        found = Counter((usage["service"], usage["receiver_code"]) for usage in page["items"])
        happened = Counter((reading.system, reading.reader) for reading in day.readings)
        if found != happened:
            raise Unexpected(f"she finds {dict(found)}, and {dict(happened)} happened")
        day.tell(
            f"共 {len(page['items'])} 次，与实际一致 exactly the {len(page['items'])} readings that happened",
            day.url("/api/citizen-pass/pages/privacy"),
        )
        return list(page["items"])
