"""The part of the sample city that lies in the data hub: the personas, and as many invented others as are asked for.

Everything here is invented and marked as sample; no production city loads it. Numbers and codes are valid by their
standards, so that nothing that reads them needs an exception for the sample.
"""

from citykit.work import Work
from data_hub.sample.credit import load_credit
from data_hub.sample.crowd import load_entities, load_persons
from data_hub.sample.departments import load_departments
from data_hub.sample.geography import load_layers
from data_hub.sample.licences import load_licences
from data_hub.sample.macro_economy import load_indicators
from data_hub.sample.partners import load_partner
from data_hub.sample.personas import load_personas
from data_hub.sample.resources import load_resources
from data_hub.sample.sharing import load_sharing
from data_hub.sample.sources import load_sources

FULL_PERSONS = 4_200_000
FULL_ENTITIES = 300_000


async def load_sample(work: Work, scale: float) -> None:
    """Load the personas, and `scale` times 4.2 million persons and 300,000 legal entities; what is there stays."""
    await load_personas(work)
    await load_departments(work)
    await load_sources(work)
    await load_resources(work)
    await load_sharing(work)
    await load_partner(work)
    await load_credit(work)
    await load_licences(work)
    await load_indicators(work)
    await load_layers(work)
    await load_persons(work, round(FULL_PERSONS * scale))
    await load_entities(work, round(FULL_ENTITIES * scale))


__all__ = ["load_sample"]
