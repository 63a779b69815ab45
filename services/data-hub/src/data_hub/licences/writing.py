"""How a licence becomes a row: the same for one and for a hundred thousand."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from citykit.identifiers import gb11643
from citykit.ids import new_id
from citykit.vault import Vault
from citykit.work import Work
from data_hub.licences.domain import (
    FieldRule,
    HolderKind,
    Identifier,
    Status,
    TermRule,
    Validity,
    claim_faults,
    day_in_china,
)
from data_hub.licences.events import HandedOut, LicenceIssued, LicencesHandedOut
from data_hub.licences.models import LicenceRow, TypeRow
from data_hub.licences.schemas import FieldDraft
from data_hub.registries.population.domain import mask_name
from data_hub.seals.status_lists import place_in_list

PLACES = "status-places"  # the counter of places in status lists
AT_ONCE = 200  # licences in one event
AHEAD = timedelta(days=366)
EARLIEST = date(1949, 10, 1)

Claims = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds: the number is a citizen's (GB 11643) or a USCC, `person` the registry's number of a known person."""

    kind: HolderKind
    name: str
    number: str
    person: UUID | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether this is a person whom the registry does not know, or not yet."""
        return self.kind is HolderKind.person and self.person is None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was reserved for a licence: its serial, its version, the running number of its place in status lists.

    `paper` is the number that the paper carries of which the licence was entered.
    """

    serial: str
    version: int
    place: int
    paper: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """When a licence counts from, and its last day, None for ever."""

    valid_from: date
    valid_to: date | None


def rules_of(row: TypeRow) -> list[FieldRule]:
    """The field rules of a type."""
    return [FieldDraft.model_validate(one).rule() for one in row.fields]


def term_rule_of(row: TypeRow) -> TermRule:
    """The rule of validity of a type."""
    return TermRule(Validity(row.validity), row.valid_months)


def paper_index_of(vault: Vault, kind: TypeRow, number: str) -> bytes:
    """The keyed hash of the number of a paper: one spelling, whichever width, case and spaces it was typed with."""
    said = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    return vault.index("licence-paper", f"{kind.code}/{said}")


def faults_of(
    rules: list[FieldRule], claims: Mapping[str, object], valid_from: date, today: date
) -> list[tuple[str, str]]:
    """What is wrong with a licence to be issued, as (pointer, code) pairs."""
    faults = [(f"claims/{name}", code) for name, code in claim_faults(rules, claims)]
    if not EARLIEST <= valid_from <= today + AHEAD:
        faults.append(("valid_from", "range"))
    return faults


def serial_of(year: int, number: int) -> str:
    """A serial: the year and a running number of the type."""
    return f"{year}{number + 1:09d}"


def place_of(licence_id: UUID) -> str:
    """The place that the sealed content of a licence belongs to; it opens nowhere else."""
    return f"licence/{licence_id}"


def opened(work: Work, row: LicenceRow) -> dict[str, Any]:
    """What a licence says: holder_name, holder_number, claims, and paper_number where it was entered from paper."""
    return unsealed(work.vault, row.id, row.sealed)


def unsealed(vault: Vault, licence_id: UUID, sealed: bytes) -> dict[str, Any]:
    """The same, of the sealed content."""
    content: dict[str, Any] = json.loads(vault.open(sealed, place_of(licence_id)))
    return content


def values_of(
    work: Work,
    kind: TypeRow,
    holder: Holder,
    claims: Claims,
    term: Term,
    numbers: Numbers,
    *,
    issuer: str,
    by: str,
    batch: UUID | None = None,
) -> dict[str, Any]:
    """The columns of a new licence that a department issues, `issuer` by its USCC."""
    now, made = work.clock.now(), new_id()
    content = {"holder_name": holder.name, "holder_number": holder.number, "claims": dict(claims)}
    content |= {"paper_number": numbers.paper} if numbers.paper else {}
    person = holder.kind is HolderKind.person
    number, place = place_in_list(work.vault.index("licence-status-list", "places"), numbers.place)
    return {
        "id": made, "type_code": kind.code, "issuer": issuer, "serial": numbers.serial,
        "version": numbers.version,
        "identifier": str(Identifier(kind.code, issuer, numbers.serial, numbers.version)),
        "holder_person": holder.person, "holder_code": None if person else holder.number,
        "holder_shown": mask_name(holder.name) if person else holder.name,
        "number_shown": gb11643.mask(holder.number) if person else holder.number,
        "sealed": work.vault.seal(json.dumps(content, ensure_ascii=False), place_of(made)),
        "valid_from": term.valid_from, "valid_to": term.valid_to,
        "paper_index": paper_index_of(work.vault, kind, numbers.paper) if numbers.paper else None,
        "status": Status.valid.value,
        "status_reason": None, "status_at": now, "status_list": number, "status_place": place, "batch": batch,
        "issued_at": now, "issued_by": by,
    }  # fmt: skip


def tell(work: Work, values: Mapping[str, Any]) -> None:
    """Tell the city that a licence was issued."""
    event = LicenceIssued(
        licence_id=values["id"], identifier=values["identifier"], type_code=values["type_code"],
        issuer=values["issuer"], person=values["holder_person"], valid_from=values["valid_from"],
        valid_to=values["valid_to"], issued_at=values["issued_at"],
    )  # fmt: skip
    work.events.record(event, subject=str(values["id"]))


def tell_holders(work: Work, made: Sequence[Mapping[str, Any]], *, subject: str) -> None:
    """Have persons told of the licences that are theirs now; firms and persons unknown to the registry have none."""
    names = ("identifier", "valid_from", "valid_to")
    handed = [
        HandedOut(licence_id=one["id"], person=one["holder_person"], **{name: one[name] for name in names})
        for one in made
        if one["holder_person"] is not None
    ]
    for at in range(0, len(handed), AT_ONCE):
        event = LicencesHandedOut(licences=handed[at : at + AT_ONCE], handed_out_at=work.clock.now())
        work.events.record(event, subject=subject)


def today_of(work: Work) -> date:
    """The day in Hengshui."""
    return day_in_china(work.clock.now())
