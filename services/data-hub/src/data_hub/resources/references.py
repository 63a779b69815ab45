"""What a description leans on: related resources and referenced items, which stand in the directory."""

from citykit.problems import FieldError
from citykit.work import Work
from data_hub.resources.domain import Fault, Reference, ShareType, has_own_rows, is_private
from data_hub.resources.errors import BadDescription
from data_hub.resources.models import ResourceRow
from data_hub.resources.schemas import Description
from data_hub.resources.service import Resources


async def check_references(work: Work, row: ResourceRow, content: Description) -> None:
    """Refuse a description that names what is not published, or not any more. Raises BadDescription."""
    found = []
    directory = Resources(work)
    for at, code in enumerate(content.related):
        if code == row.code or await directory.published(code) is None:
            found.append(Fault(f"related/{at}", "no-resource", f"目录中没有该资源 No such resource: {code}"))
    for at, item in enumerate(content.items):
        for place, rule in enumerate(item.rules):
            if isinstance(rule, Reference):
                other = content if rule.resource == row.code else await directory.published(rule.resource)
                wrong = _wrong(content, other, rule)
                found += [] if wrong is None else [Fault(f"items/{at}/rules/{place}", *wrong)]
    refuse(found)


def _wrong(content: Description, other: Description | None, rule: Reference) -> tuple[str, str] | None:
    """Why an item cannot be referred to: a code and a sentence; None where it can.

    Whoever brings rows is told of each value whether it stands there: of what is another department's and not shared,
    or personal, that would be read without a grant, value by value.
    """
    named = f"{rule.resource} {rule.item}"
    item = None if other is None else next((one for one in other.items if one.name == rule.item), None)
    if other is None or item is None:
        return "no-item", f"引用的数据项不存在 No such item: {named}"
    if not has_own_rows(rule.resource, other.format, other.items):
        return "no-rows", f"被引用资源的数据不在归集库中 Its rows are read in a registry, not gathered: {named}"
    is_kept = is_private(item) or other.share_type is ShareType.refused
    if is_kept and other.source_department != content.source_department:
        return "not-shared", f"不能引用其他部门不予共享或敏感的数据项 Another department's, and not shared: {named}"
    return None


def refuse(found: list[Fault]) -> None:
    """Refuse a description for its faults, if it has any. Raises BadDescription."""
    if found:
        raise BadDescription(
            errors=[
                FieldError(pointer=f"/body/{fault.pointer}", code=fault.code, message=fault.said) for fault in found
            ]
        )
