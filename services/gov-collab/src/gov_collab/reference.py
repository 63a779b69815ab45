"""The data without which no ticket can be classified or get a due time: loaded into a city that has none yet.

What an administrator has set since is never overwritten by a later migration.
"""

from importlib.resources import files

from sqlalchemy import func, select

from citykit.work import Work
from gov_collab.hotline.models import TermRow
from gov_collab.hotline.records import Records
from gov_collab.hotline.schemas import TermTable
from gov_collab.matters.models import MatterRow
from gov_collab.matters.service import Matters, shipped_catalogue

BY = "service:gov-collab"
TERMS = "terms_2026_11.json"


async def load_reference(work: Work) -> None:
    """Adopt the list of matters and the terms that the service ships, each where there is none."""
    if not await work.session.scalar(select(func.count()).select_from(MatterRow)):
        await Matters(work).adopt(shipped_catalogue(), by=BY)
    if not await work.session.scalar(select(func.count()).select_from(TermRow)):
        table = TermTable.model_validate_json(files("gov_collab.hotline").joinpath(TERMS).read_bytes())
        await Records(work).set_terms(table, by=BY)
