"""Finds licences for who issued them: by the holder's number, by serial, by batch. Holders are masked."""

from sqlalchemy import ColumnElement, Select, desc, or_, select

from citykit.actors import Actor
from citykit.pages import Page, keyset_page
from citykit.work import Work
from data_hub.licences.access import issued_by
from data_hub.licences.models import AwaitingRow, LicenceRow, TypeRow
from data_hub.licences.schemas import LicenceBrief, LicenceSearch
from data_hub.licences.service import ADMINISTRATION
from data_hub.licences.writing import today_of
from data_hub.registries.legal_entities.service import LegalEntities
from data_hub.registries.population.service import Population


async def search(work: Work, asked: LicenceSearch, *, by: Actor) -> Page[LicenceBrief]:
    """The licences of the actor's department that fit, newest first; whose number was searched is told of it."""
    row, today = LicenceRow, today_of(work)
    found: Select[LicenceRow] = select(row).where(issued_by(by))
    for column in ("batch", "type_code", "status"):
        if (wanted := getattr(asked, column)) is not None:
            found = found.where(getattr(row, column) == wanted)
    if asked.serial is not None:
        # By type and serial they are found at once: there are few types and many licences.
        found = found.where(row.serial == asked.serial, row.type_code.in_(select(TypeRow.code)))
    if asked.uscc is not None:
        found = found.where(row.holder_code.in_(await LegalEntities(work).same(asked.uscc)))
    if asked.id_number is not None:
        found = found.where(await _held_under(work, asked.id_number, by))
    return await keyset_page(
        work.session, found, keys=(desc(row.id),), query=asked, make=lambda one: LicenceBrief.of(one, today)
    )


async def _held_under(work: Work, number: str, by: Actor) -> ColumnElement[bool]:
    """The licences of who carries a number, those among them that wait for her registration."""
    population = Population(work)
    index = population.number_index(number)
    waiting = LicenceRow.id.in_(select(AwaitingRow.licence_id).where(AwaitingRow.holder_index == index))
    person = (await population.carriers([index])).get(index)
    if person is None:
        return waiting
    work.access.read(
        person=f"person:{person}", by=by, action="按持证人号码检索证照 Searched licences by their holder's number",
        fields=["licences"], said={"licences": "持有的证照 Licences held"}, record="电子证照 Licences",
        purpose=ADMINISTRATION, legal_basis="《国务院关于在线政务服务的若干规定》第十条",
    )  # fmt: skip
    return or_(LicenceRow.holder_person.in_(await population.same(person)), waiting)
