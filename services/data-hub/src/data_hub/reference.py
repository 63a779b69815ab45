"""The reference data that the data hub cannot work without, brought up to date after each migration."""

from citykit.work import Work
from data_hub.divisions.reference import load_divisions
from data_hub.registries.geography.reference import load_geography
from data_hub.registries.purposes.service import load_purposes
from data_hub.registries.sources.service import load_deadlines


async def load_reference(work: Work) -> None:
    """Load divisions, their map, purposes and deadlines; loading them again changes nothing."""
    await load_divisions(work)
    await load_geography(work)
    await load_purposes(work)
    await load_deadlines(work)
