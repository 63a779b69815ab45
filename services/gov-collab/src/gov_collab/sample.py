"""The sample city's departments, posts, appointments and responsibility list; nothing of it exists in production.

Loading again changes nothing: what is there already is left alone.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from sqlalchemy import select

from citykit.identifiers.gbt2260 import HENGSHUI, legal_counties
from citykit.work import Work
from gov_collab.organisations.models import AppointmentRow, DepartmentRow, PostRow, ResponsibilityRow
from gov_collab.organisations.responsibilities import Responsibilities
from gov_collab.organisations.schemas import AppointmentDraft, DepartmentDraft, PostDraft, ResponsibilityDraft
from gov_collab.organisations.service import Organisations

BY = "service:gov-collab"
FOUNDED = "2019-01-01"
APPOINTED = "2024-01-01"


async def load_sample(work: Work, _scale: float) -> None:
    """Load this service's part of the sample city from the folder that the settings name."""
    folder: Path | None = work.settings.sample_dir
    if folder is None:
        raise FileNotFoundError("SAMPLE_DIR names the folder of the sample city")
    departments = json.loads((folder / "departments.json").read_text(encoding="utf-8"))["departments"]
    personas = json.loads((folder / "personas.json").read_text(encoding="utf-8"))["personas"]
    await _enter(work, departments)
    await _appoint(work, [persona for persona in personas if persona["department_code"] is not None])
    await _publish(work, {department["key"]: department["code"] for department in departments})


async def _enter(work: Work, departments: list[dict[str, Any]]) -> None:
    organisations = Organisations(work)
    for order, department in enumerate(departments, start=1):
        if await work.session.get(DepartmentRow, department["code"]) is not None:
            continue
        fields = {name: department[name] for name in ("code", "name", "short_name", "division_code")}
        phone = f"0318-555{order:04d}"  # Invented: no subscriber's number begins with 555 here.
        draft = DepartmentDraft(**fields, phone=phone, sort_order=order, valid_from=FOUNDED)
        await organisations.enter(draft, by=BY)


async def _appoint(work: Work, personas: list[dict[str, Any]]) -> None:
    organisations = Organisations(work)
    for persona in personas:
        place = {"department_code": persona["department_code"], "post_code": persona["post_code"]}
        if await work.session.get(PostRow, tuple(place.values())) is None:
            department = await organisations.known(persona["department_code"])
            draft = PostDraft(code=persona["post_code"], name=persona["post_name"], scopes=persona["scopes"])
            await organisations.set_up(department, draft, by=BY)
        serves = select(AppointmentRow.id).filter_by(subject=persona["subject"], ended_at=None, **place)
        if await work.session.scalar(serves) is None:
            appointment = AppointmentDraft(subject=persona["subject"], valid_from=APPOINTED, **place)
            await organisations.appoint(appointment, by=BY)


async def _publish(work: Work, codes: dict[str, str]) -> None:
    document = json.loads(files("gov_collab.organisations").joinpath("sample_clauses.json").read_text("utf-8"))
    year = work.clock.now().year
    places = [(HENGSHUI.code, clause) for clause in document["clauses"]]
    places += [(county.code, clause) for county in legal_counties(year) for clause in document["county_clauses"]]
    responsibilities = Responsibilities(work)
    for area, clause in places:
        draft = ResponsibilityDraft(
            matter=clause["matter"], area=area, department_code=codes[clause["department"]], role=clause["role"],
            legal_basis=clause["legal_basis"], valid_from=document["valid_from"],
        )  # fmt: skip
        known = select(ResponsibilityRow.id).filter_by(
            matter_code=draft.matter, area_code=draft.area, department_code=draft.department_code, role=draft.role.value
        )
        if await work.session.scalar(known) is None:
            await responsibilities.publish(draft, by=BY)
