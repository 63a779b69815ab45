"""What a resource is found, listed and counted by, taken from one version of its description."""

from typing import Any

from data_hub.bigrams import bigrams, search_key
from data_hub.resources.domain import Opening, State
from data_hub.resources.models import ResourceRow
from data_hub.resources.schemas import Description

APART = "\x1f"  # white space to `search_key`, so no searched word can hold it


def projection(code: str, state: State, content: Description) -> dict[str, Any]:
    """The columns of the resource's row that follow from its description and state."""
    about = (content.summary, content.name_en, content.summary_en, content.provider_name, *content.tags, code)
    items = [text for item in content.items for text in (item.title, item.title_en, item.name) if text]
    beside = [text for text in about if text]
    return {
        "name": content.name,
        "summary": content.summary,
        "provider_name": content.provider_name,
        "source_department": content.source_department,
        "theme": content.theme.value,
        "tags": list(content.tags),
        "share_type": content.share_type.value,
        "opening": content.opening.value,
        "update_cycle": content.update_cycle.value,
        "format": content.format.value,
        "public": state is State.published and content.opening is Opening.opened and content.public_metadata,
        "name_key": search_key(content.name),
        "summary_key": APART.join(map(search_key, beside)),
        "items_key": APART.join(map(search_key, items)),
        "words": bigrams(content.name, *beside, *items),
    }


def project(row: ResourceRow, state: State, content: Description) -> None:
    """Bring a resource's row to `state` and to what its description says."""
    row.state = state.value
    for name, value in projection(row.code, state, content).items():
        setattr(row, name, value)
