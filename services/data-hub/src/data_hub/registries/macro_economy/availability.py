"""Which data there are: the codes that occur, the span of time, how many series and observations; pure.

What is confidential counts as there: that a cell exists is no secret, its value is.
"""

from collections.abc import Sequence
from datetime import date

from data_hub.registries.macro_economy.service import TIME, Shape
from data_hub.registries.macro_economy.structures import Structure

MODES = ("exact", "available")
Extent = tuple[list[str], date, date, int]  # a series' codes, its first and last day, its observations


def _fits(codes: Sequence[str], wanted: Sequence[list[str] | None], *, but: int | None = None) -> bool:
    return all(listed is None or place == but or codes[place] in listed for place, listed in enumerate(wanted))


def constraint(
    shape: Shape, extents: list[Extent], wanted: Sequence[list[str] | None], mode: str, component: str
) -> Structure | None:
    """What occurs, as a constraint of the flow's content; None where nothing does.

    `exact` tells the codes of the data that fit the key; `available` those that a dimension could be set to while the
    other ones stay as they are in the key.
    """
    fitting = [one for one in extents if _fits(one[0], wanted)]
    if not fitting:
        return None
    values: dict[str, list[str]] = {}
    for place, name in enumerate(shape.dimensions):
        near = extents if mode == "available" else fitting
        values[name] = sorted({one[0][place] for one in near if _fits(one[0], wanted, but=place)})
    first, last = min(one[1] for one in fitting), max(one[2] for one in fitting)
    name = shape.flow.document["name"]
    document = {
        "name": {"zh": f"{name['zh']}：现有数据", "en": f"{name['en']}: available data"}, "flow": shape.ref,
        "values": {one: codes for one, codes in values.items() if component in ("all", one)},
        "time": [first.isoformat(), last.isoformat()] if component in ("all", TIME) else None,
        "metrics": {"series_count": len(fitting), "obs_count": sum(one[3] for one in fitting)},
    }  # fmt: skip
    flow = shape.flow
    return Structure("contentconstraint", flow.agency, f"{flow.id[:50]}_AVAILABLE", flow.version, document)
