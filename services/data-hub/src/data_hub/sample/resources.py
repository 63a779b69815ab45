"""The sample city's directory: resources of several departments, each reviewed and published; one waits for review.

The hourly air quality has rows, the published measurements of two national stations; the rest is description, but for
the few invented rows that `partners` brings in.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from citykit.actors import Actor, ActorKind
from citykit.clock import CHINA
from citykit.work import Work
from data_hub.datasets.service import Datasets
from data_hub.ingest.jobs import load
from data_hub.ingest.schemas import BatchDraft
from data_hub.ingest.service import Ingest
from data_hub.resources.domain import Format, Opening, ShareMethod, ShareType, UpdateCycle
from data_hub.resources.editing import Editing
from data_hub.resources.models import ResourceRow
from data_hub.resources.reviewing import Reviewing
from data_hub.resources.schemas import InformationItem, ResourceDraft, ReviewDraft
from data_hub.resources.themes import Theme
from data_hub.sample.catalogue import AIR, ECOLOGY, IN_REVIEW, RESOURCES, Sample

REVIEWER = Actor(subject="data-hub-review", kind=ActorKind.service)
CONTACT = "衡水市数据和政务服务局 12345"
_NUMBERS = {"pm10": "pm10", "pm2_5": "pm2_5", "so2": "so2", "no2": "no2", "co": "co"}
_OZONE = "o3_24h"  # the published headings of ozone are shifted: the hourly value stands here


async def load_resources(work: Work) -> None:
    """Describe, review and publish the sample's resources; what is there stays."""
    for sample in RESOURCES:
        if await work.session.get(ResourceRow, sample.code) is None:
            await _catalogue(work, sample)
    dataset = await Datasets(work).of(AIR)
    if dataset is not None and not await Datasets(work).holds_rows(dataset):
        await gather(work, AIR, ECOLOGY, [[column.name for column in dataset.shape.columns], *_air(work)])


async def _catalogue(work: Work, sample: Sample) -> None:
    author = Actor(subject="data-hub", kind=ActorKind.service, department=sample.provider)
    editing = Editing(work)
    await editing.draft(_draft(sample), by=author, sample=True)
    row = await work.session.get_one(ResourceRow, sample.code)
    await editing.submit(row, by=author)
    if sample.code != IN_REVIEW:
        await Reviewing(work).decide(row, ReviewDraft(approve=True), by=REVIEWER)


def _draft(sample: Sample) -> ResourceDraft:
    told: dict[str, Any] = {
        "name_en": sample.name_en, "summary_en": sample.summary_en, "share_basis": sample.basis,
        "share_condition": sample.condition, "open_condition": sample.open_condition, "key": sample.key,
    }  # fmt: skip
    return ResourceDraft(
        code=sample.code, name=sample.name, summary=sample.summary, provider_name=sample.provider_name,
        source_department=sample.provider, source_department_name=sample.provider_name, theme=Theme(sample.theme),
        tags=sample.tags, format=Format.database, items=tuple(map(InformationItem.model_validate, sample.items)),
        share_type=ShareType(sample.share), share_methods=tuple(ShareMethod), opening=Opening(sample.opening),
        licence=sample.licence, update_cycle=UpdateCycle(sample.cycle), contact=CONTACT, **told,
    )  # fmt: skip


async def gather(work: Work, code: str, department: str, lines: Iterable[Iterable[Any]]) -> None:
    """Bring rows in, a line of names first, as their department would: each has its batch, that its lineage."""
    told = io.StringIO()
    csv.writer(told).writerows(lines)
    author = Actor(subject="data-hub", kind=ActorKind.service, department=department)
    batch = await Ingest(work).upload(code, BatchDraft(), told.getvalue().encode(), by=author)
    await load(work, str(batch.id))  # at once: whoever loads the sample finds it there


def _air(work: Work) -> Iterator[tuple[Any, ...]]:
    """The measurements as rows, in the order of the resource's items."""
    with (work.settings.sample_dir / "air_hengshui.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            hour = datetime.fromisoformat(line["timepoint"]).replace(tzinfo=CHINA)
            values = [Decimal(line[name]) if line[name] else None for name in (*_NUMBERS.values(), _OZONE)]
            place = (Decimal(line["longitude"]), Decimal(line["latitude"]))
            aqi = int(line["aqi"]) if line["aqi"] else None
            yield (
                line["stationcode"],
                line["positionname"],
                hour,
                aqi,
                line["primarypollutant"] or None,
                *values,
                *place,
            )
