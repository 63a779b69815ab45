"""HTTP face of the rules of credit: who keeps them for the city adds the next one; everybody reads them."""

from citykit.idempotency import KeyUsedOtherwise, OnceInRequest, StillRunning
from citykit.problems import problems
from citykit.routing import CityRouter
from data_hub.credit.access import Maintainer
from data_hub.credit.errors import RuleExists, RuleFault
from data_hub.credit.rules import RulesInRequest
from data_hub.credit.schemas import LimitDraft, MethodDraft, TermDraft, TermTable

router = CityRouter(prefix="/api/data-hub/v1/credit", tags=["credit"])
_REFUSED = problems(RuleFault, RuleExists, KeyUsedOtherwise, StillRunning)


@router.post("/terms", status_code=201, responses=_REFUSED)
async def add_term(actor: Maintainer, body: TermDraft, rules: RulesInRequest, once: OnceInRequest) -> TermTable:
    """Set for how long penalties of a severity are published 设定公示期, from a day on."""
    return await once(lambda: rules.add_term(body, by=actor), TermTable)


@router.post("/limits", status_code=201, responses=_REFUSED)
async def add_limit(actor: Maintainer, body: LimitDraft, rules: RulesInRequest, once: OnceInRequest) -> TermTable:
    """Set within how many working days an act is due 设定办理时限, from a day on."""
    return await once(lambda: rules.add_limit(body, by=actor), TermTable)


@router.post("/methods", status_code=201, responses=_REFUSED)
async def add_method(actor: Maintainer, body: MethodDraft, rules: RulesInRequest, once: OnceInRequest) -> TermTable:
    """Set how ratings are computed 设定评价方法, from a day on; earlier ratings keep their method."""
    return await once(lambda: rules.add_method(body, by=actor), TermTable)
