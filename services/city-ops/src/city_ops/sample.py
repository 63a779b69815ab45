"""The sample city's part that city-ops keeps: the two national air stations of Hengshui. Nothing personal."""

import csv
from pathlib import Path

from city_ops.environment.models import StationRow
from city_ops.environment.schemas import StationDraft
from city_ops.environment.service import Air
from citykit.work import Work

FILE = "air_hengshui.csv"
# Both points lie in 桃城区 by the county boundaries that data-hub holds.
TAOCHENG = "131102"


async def load_sample(work: Work, scale: float) -> None:
    """Register the stations that the sample observations come from; loading twice changes nothing."""
    folder: Path | None = work.settings.sample_dir
    if folder is None or not (folder / FILE).is_file():
        raise FileNotFoundError(f"SAMPLE_DIR holds no {FILE}")
    with (folder / FILE).open(encoding="utf-8", newline="") as file:
        stations = {row["stationcode"]: row for row in csv.DictReader(file)}
    air = Air(work)
    for code, row in sorted(stations.items()):
        if await work.session.get(StationRow, code) is None:
            draft = StationDraft(
                name=row["positionname"],
                longitude=float(row["longitude"]),
                latitude=float(row["latitude"]),
                division_code=TAOCHENG,
            )
            await air.register(code, draft, by="service:city-ops")
