"""The pages of the opened directory, written out: facets as links, results, one resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from citykit.clock import CHINA
from citykit.pages import Page
from data_hub.resources.differences import Change
from data_hub.resources.domain import has_own_rows
from data_hub.resources.history import History
from data_hub.resources.outlets import Addresses, outlets
from data_hub.resources.portal import words
from data_hub.resources.schemas import Facets, PublicFilter, Resource, ResourceBrief

BASE = "/api/data-hub/catalogue"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Choice:
    """A value of a facet: its names, how many have it, and the address that chooses it, or gives it up."""

    name: words.Pair
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True)
class Group:
    """A facet with its values."""

    title: words.Pair
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Told:
    """A change of a description: what changed, and from what to what where that is short."""

    what: words.Pair
    before: str | None
    after: str | None


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {
        "base": BASE,
        "words": words,
        "when": lambda time: time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
    }
    return made


def _when(time: datetime) -> str:
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _written(template: str, **told: Any) -> str:
    return _environment().get_template(template).render(**told)


def _address(asked: Mapping[str, str], **changed: str | None) -> str:
    kept = {name: value for name, value in {**asked, **changed}.items() if value is not None}
    return f"{BASE}/?{urlencode(kept)}" if kept else f"{BASE}/"


def asked_of(query: PublicFilter) -> dict[str, str]:
    """What was asked, as an address says it; the place within the results is not part of it."""
    told = query.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"after"})
    return {name: str(value) for name, value in told.items()}


def groups(facets: Facets, asked: Mapping[str, str], providers: Mapping[str, str]) -> tuple[Group, ...]:
    """The facets of what was found; `providers` names departments by their codes."""
    made = []
    for name, title, names in words.FACETS:
        chosen = asked.get(name)
        choices = tuple(
            Choice(
                name=names.get(one.value, (providers.get(one.value, one.value), "")), count=one.count,
                url=_address(asked, **{name: None if one.value == chosen else one.value}), chosen=one.value == chosen,
            )
            for one in facets.facets[name]
        )  # fmt: skip
        made.append(Group(title=title, choices=choices))
    return tuple(made)


def results(query: PublicFilter, page: Page[ResourceBrief], facets: Facets, providers: Mapping[str, str]) -> str:
    """The page of a search; `providers` names departments by their codes."""
    asked = asked_of(query)
    return _written(
        "results.html", q=query.q or "", page=page, total=facets.total, groups=groups(facets, asked, providers),
        hidden={name: value for name, value in asked.items() if name != "q"}, asked=asked,
        more=_address(asked, after=page.next) if page.next else None,
        first=_address(asked) if query.after else None,
    )  # fmt: skip


def resource(one: Resource, past: History, public_url: str) -> str:
    """The page of an opened resource, and how it came to be so."""
    at = Addresses.of("")  # without a host: a page leads on by whatever name its reader came
    return _written(
        "resource.html", one=one, past=past, told=_told, outlets=outlets(one, at),
        rows=has_own_rows(one.code, one.format, one.items), json=at.resource(one.code),
        public=f"{public_url.rstrip('/')}{BASE}/{one.code}",
    )  # fmt: skip


def _told(change: Change) -> Told:
    """A change in words: of items their titles, of short values both, of anything else that it changed."""
    field, before, after = change
    if field.startswith("items."):
        kind = "added" if before is None else "gone" if after is None else "changed"
        return Told(words.ITEM[kind], None, f"{(after or before)['title']} {field.removeprefix('items.')}")
    what, values = words.SAID.get(field, ((field, ""), None))
    if values is None:
        return Told(what, None, None)
    return Told(what, _named(before, values), _named(after, values))


def _named(value: str | None, values: Mapping[str, words.Pair]) -> str:
    if value is None:
        return "—"
    return values[value][0] if value in values else value


def nothing(code: str) -> str:
    """The page of a code that no opened resource has."""
    return _written("nothing.html", code=code)
