"""Real-name verification 实名核验: does this name belong to this number? The answer is yes or no, and no says no more.

Every question takes the same way, whether the number is malformed, unknown, another person's or a dead one's: one hash,
one look-up, one comparison of two digests, one line in the log of attempts. How many may be asked is limited by the
service that asks, which knows the account.
"""

import hashlib
import hmac

from sqlalchemy import insert

from citykit.actors import Actor
from citykit.identifiers import gb11643
from citykit.ids import new_id
from citykit.work import Work
from data_hub.bigrams import search_key
from data_hub.registries.population.domain import PersonState, mask_name, name_form
from data_hub.registries.population.models import VerificationRow
from data_hub.registries.population.repository import Persons, id_number_index
from data_hub.registries.population.schemas import Verdict, Verification
from data_hub.registries.purposes.domain import FIELD_WORDS, REGISTER
from data_hub.registries.purposes.service import verifying_purpose_of

_NOBODY = b"nobody"  # what the name is compared with where the number is nobody's


def _digest(name: str) -> bytes:
    return hashlib.sha256(search_key(name_form(name)).encode()).digest()


async def verify(work: Work, question: Verification, *, by: Actor) -> Verdict:
    """Whether name and number belong together. Raises UnknownPurpose, BeyondPurpose."""
    purpose = verifying_purpose_of(question.purpose)
    try:
        number = gb11643.parse(question.id_number.strip(), today=work.clock.now().date()).code
    except gb11643.InvalidCitizenNumber:
        number = question.id_number
    row = await Persons(work).by_number(number)
    same = hmac.compare_digest(_digest(question.name), _digest(row.name) if row else hashlib.sha256(_NOBODY).digest())
    matched = same and row is not None and row.state != PersonState.deceased
    await work.session.execute(
        insert(VerificationRow).values(
            id=new_id(), at=work.clock.now(), by=by.reference, on_behalf_of=by.on_behalf_of, purpose=purpose.code,
            id_number_index=id_number_index(work, number), matched=matched,
        )
    )  # fmt: skip
    if row is None or not matched:
        return Verdict(matched=False)
    work.access.read(
        person=f"person:{row.id}", by=by, action="实名核验 Verified name and number",
        fields=("name", "id_number", "birth_date", "state"), purpose=purpose.said, legal_basis=purpose.legal_basis,
        record=REGISTER, said=FIELD_WORDS,
    )  # fmt: skip
    return Verdict(matched=True, person=row.id, masked_name=mask_name(row.name), birth_date=row.birth_date)
