"""Finds purposes and keeps their table equal to the rules."""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from citykit.problems import FieldError
from citykit.work import Work
from data_hub.registries.errors import BeyondPurpose, UnknownPurpose
from data_hub.registries.purposes.domain import BY_CODE, PURPOSES, Purpose
from data_hub.registries.purposes.models import PurposeRow
from data_hub.registries.purposes.schemas import PurposeEntry, PurposeList


def purpose_of(code: str, pointer: str = "?purpose") -> Purpose:
    """The purpose of `code`. Raises UnknownPurpose, which names the field at `pointer`."""
    found = BY_CODE.get(code)
    if found is None:
        raise UnknownPurpose(errors=[FieldError(pointer=pointer, code="unknown-purpose", message="not in the list")])
    return found


def verifying_purpose_of(code: str, pointer: str = "/body/purpose") -> Purpose:
    """The purpose of `code`, which must allow verification. Raises UnknownPurpose, BeyondPurpose."""
    found = purpose_of(code, pointer)
    if not found.verifies:
        raise BeyondPurpose(errors=[FieldError(pointer=pointer, code="beyond-purpose", message="no verification")])
    return found


def check_covered(purpose: Purpose, asked: Mapping[str, str]) -> None:
    """Refuse a question by what the purpose may not see: its answer would tell it, however it is masked.

    `asked` says of each member of the request's body which field it asks about. Raises BeyondPurpose.
    """
    beyond = [(member, field) for member, field in asked.items() if field not in purpose.fields]
    if beyond:
        raise BeyondPurpose(
            errors=[FieldError(pointer=f"/body/{one}", code="beyond-purpose", message=field) for one, field in beyond]
        )


async def load_purposes(work: Work) -> None:
    """Bring the table to the rules; a purpose that left them stays, out of force."""
    for purpose in PURPOSES:
        row = asdict(purpose) | {
            "fields": list(purpose.fields), "disclosable": list(purpose.disclosable), "in_force": True
        }  # fmt: skip
        await work.session.execute(
            insert(PurposeRow).values(row).on_conflict_do_update(index_elements=["code"], set_=row)
        )
    await work.session.execute(update(PurposeRow).where(PurposeRow.code.not_in(BY_CODE)).values(in_force=False))


async def purposes(work: Work) -> PurposeList:
    """All purposes, by code."""
    rows = await work.session.scalars(select(PurposeRow).order_by(PurposeRow.code))
    items = [PurposeEntry(**{name: getattr(row, name) for name in PurposeEntry.model_fields}) for row in rows]
    return PurposeList(items=items)
