"""The actions of the API that show descriptions: packages, organisations, groups, tags, resources, licences."""

from collections.abc import Sequence
from typing import Any

from citykit.work import Work
from data_hub.resources.ckan import reading, views
from data_hub.resources.ckan.envelope import Arguments, bad_search, not_found
from data_hub.resources.ckan.queries import BadQuery, Term, terms
from data_hub.resources.ckan.views import Shown, name_of
from data_hub.resources.domain import Licence, canonical_code
from data_hub.resources.errors import NoResource
from data_hub.resources.models import ResourceRow
from data_hub.resources.outlets import SUMMARY, TITLE, Addresses
from data_hub.resources.reading import Reading
from data_hub.resources.schemas import Resource
from data_hub.resources.themes import THEMES, Theme

MOST_ROWS = 1000
LEVEL = "2.11"  # the action API's level that the answers follow; the program behind is this one
_TITLES = {"organization": "Organizations", "groups": "Groups", "tags": "Tags", "license_id": "Licenses"}


class Actions:
    """The actions within one transaction."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.at = Addresses.of(work.settings.public_url)

    async def site_read(self, _: Arguments) -> bool:
        """Whether anybody may read the site: yes."""
        return True

    async def status_show(self, _: Arguments) -> Shown:
        """What answers here."""
        return {
            "ckan_version": LEVEL, "site_url": self.at.ckan, "site_title": TITLE[0], "site_description": SUMMARY[0],
            "error_emails_to": None, "locale_default": "zh_Hans_CN", "extensions": ["datastore", "dcat"],
        }  # fmt: skip

    async def package_list(self, given: Arguments) -> list[str]:
        """The names of all opened resources."""
        limit = given.number("limit", 2**31 - 1)
        return await reading.codes(self.work.session, offset=given.number("offset", 0), limit=limit)

    async def current_package_list_with_resources(self, given: Arguments) -> list[Shown]:
        """The opened resources, changed last first."""
        offset, limit = given.number("offset", 0), given.number("limit", 100, most=MOST_ROWS)
        by = reading.order("metadata_modified desc", ())
        return await self._packages(await reading.found(self.work.session, (), by, offset=offset, limit=limit))

    async def package_show(self, given: Arguments) -> Shown:
        """One opened resource."""
        return views.package(await self._resource(given.needed("id", "name_or_id")), self.at)

    async def package_search(self, given: Arguments) -> Shown:
        """Search the opened resources, with facets."""
        asked, narrowed = _terms(given.text("q", most=2000)), _filters(given)
        words, chosen = reading.words_of(asked), reading.conditions([*asked, *narrowed])
        sort = given.text("sort") or "score desc, metadata_modified desc"
        offset, limit = given.number("start", 0), given.number("rows", 10, most=MOST_ROWS)
        by, session = reading.order(sort, words), self.work.session
        results = await reading.found(session, chosen, by, offset=offset, limit=limit)
        found: Shown = {"count": await reading.count(session, chosen), "sort": sort, "facets": {}, "search_facets": {}}
        for name in given.names("facet.field") if given.flag("facet", usual=True) else ():
            counted = await reading.counted(session, name, chosen) if name in reading.FACETS else []
            shown = counted[: given.limit("facet.limit", 50) or None]
            found["facets"][name] = dict(shown)
            found["search_facets"][name] = {"title": _TITLES.get(name, name), "items": await self._items(name, shown)}
        return found | {"results": await self._packages(results)}

    async def package_autocomplete(self, given: Arguments) -> list[Shown]:
        """Opened resources whose name or title holds a text."""
        term = Term("title", (given.needed("q"),))
        by, limit = reading.order("title asc", ()), given.number("limit", 10, most=100)
        results = await reading.found(self.work.session, reading.conditions([term]), by, offset=0, limit=limit)
        return [
            {"name": one.code, "title": one.name, "match_field": "title", "match_displayed": one.name}
            for one in results
        ]

    async def organization_list(self, given: Arguments) -> list[Any]:
        """The departments that opened something."""
        wanted = {name.lower() for name in given.names("organizations")}
        shown = [views.organisation(one, self.at) for one in await reading.departments(self.work.session)]
        return _listed([one for one in shown if not wanted or one["name"] in wanted], given)

    async def organization_show(self, given: Arguments) -> Shown:
        """One department."""
        code = given.needed("id").upper()
        found = await reading.departments(self.work.session, [ResourceRow.provider == code])
        if not found:
            raise not_found("organization")
        return views.organisation(found[0], self.at) | await self._shown_with(given, "organization", code)

    async def organization_autocomplete(self, given: Arguments) -> list[Shown]:
        """Departments whose name holds a text."""
        return [_offered(one) for one in await self.organization_list(_with_fields()) if _fits(one, given)]

    async def organization_list_for_user(self, _: Arguments) -> list[Shown]:
        """Departments that the caller may write to: none, the API is read-only."""
        return []

    async def group_list(self, given: Arguments) -> list[Any]:
        """The themes that have an opened resource."""
        wanted = set(given.names("groups"))
        counted = await reading.counted(self.work.session, "groups")
        shown = [views.group(Theme(name), count) for name, count in sorted(counted) if not wanted or name in wanted]
        return _listed(shown, given)

    async def group_show(self, given: Arguments) -> Shown:
        """One theme."""
        name = given.needed("id")
        if name not in set(Theme):
            raise not_found("group")
        count = dict(await reading.counted(self.work.session, "groups")).get(name, 0)
        return views.group(Theme(name), count) | await self._shown_with(given, "groups", name)

    async def group_autocomplete(self, given: Arguments) -> list[Shown]:
        """Themes whose name holds a text."""
        return [_offered(one) for one in await self.group_list(_with_fields()) if _fits(one, given)]

    async def group_package_show(self, given: Arguments) -> list[Shown]:
        """The opened resources of a theme."""
        chosen = reading.conditions([Term("groups", (given.needed("id"),))])
        limit = given.number("limit", MOST_ROWS, most=MOST_ROWS)
        results = await reading.found(self.work.session, chosen, reading.order("id", ()), offset=0, limit=limit)
        return await self._packages(results)

    async def group_list_authz(self, _: Arguments) -> list[Shown]:
        """Groups that the caller may write to: none, the API is read-only."""
        return []

    async def tag_list(self, given: Arguments) -> list[Any]:
        """The tags of opened resources."""
        if given.has("vocabulary_id"):
            raise not_found("vocabulary")
        names = sorted(name for name, _ in await reading.counted(self.work.session, "tags"))
        chosen = [name for name in names if given.text("query").lower() in name.lower()]
        return [views.tag(name) for name in chosen] if given.flag("all_fields") else chosen

    async def tag_show(self, given: Arguments) -> Shown:
        """One tag."""
        name = given.needed("id")
        if not await reading.count(self.work.session, reading.conditions([Term("tags", (name,))])):
            raise not_found("tag")
        return views.tag(name) | await self._shown_with(given, "tags", name)

    async def tag_search(self, given: Arguments) -> Shown:
        """Tags that hold a text."""
        text = given.names("query") or [given.text("query")]
        names = sorted(name for name, _ in await reading.counted(self.work.session, "tags"))
        found = [views.tag(name) for name in names if any(one.lower() in name.lower() for one in text)]
        offset = given.number("offset", 0)
        return {"count": len(found), "results": found[offset : offset + given.number("limit", MOST_ROWS)]}

    async def tag_autocomplete(self, given: Arguments) -> list[str]:
        """Tags that hold a text."""
        return [one["name"] for one in (await self.tag_search(given))["results"]]

    async def vocabulary_list(self, _: Arguments) -> list[Shown]:
        """Vocabularies of tags: none."""
        return []

    async def license_list(self, _: Arguments) -> list[Shown]:
        """The licences that an opened resource may have."""
        return [views.licence(one) for one in Licence]

    async def resource_show(self, given: Arguments) -> Shown:
        """One outlet of an opened resource."""
        wanted = given.needed("id")
        one = await self._resource(wanted.rpartition("-")[0], "resource")
        for shown in views.resources_of(one, self.at):
            if shown["id"] == wanted:
                return shown
        raise not_found("resource")

    async def resource_view_list(self, _: Arguments) -> list[Shown]:
        """Views of a resource: none."""
        return []

    async def _resource(self, code: str, what: str = "package") -> Resource:
        try:
            return await Reading(self.work).public(canonical_code(code))
        except NoResource:
            raise not_found(what) from None

    async def _packages(self, results: Sequence[Resource]) -> list[Shown]:
        told = await Reading(self.work).all_told(results)
        return [views.package(one, self.at) for one in told]

    async def _items(self, name: str, counted: Sequence[tuple[str, int]]) -> list[Shown]:
        titles: dict[str, str] = {theme.value: names[0] for theme, names in THEMES.items()} if name == "groups" else {}
        if name == "organization":
            titles = {name_of(one.code): one.name for one in await reading.departments(self.work.session)}
        return [{"name": value, "display_name": titles.get(value, value), "count": count} for value, count in counted]

    async def _shown_with(self, given: Arguments, field: str, value: str) -> Shown:
        if not given.flag("include_datasets"):
            return {}
        chosen, by = reading.conditions([Term(field, (value,))]), reading.order("id", ())
        results = await reading.found(self.work.session, chosen, by, offset=0, limit=MOST_ROWS)
        return {"packages": await self._packages(results)}


def _terms(text: str) -> list[Term]:
    try:
        return terms(text)
    except BadQuery as wrong:
        raise bad_search(str(wrong)) from None


def _filters(given: Arguments) -> list[Term]:
    return [term for text in [*given.texts("fq"), *given.texts("fq_list")] for term in _terms(text)]


def _listed(shown: Sequence[Shown], given: Arguments) -> list[Any]:
    offset, limit = given.number("offset", 0), given.number("limit", MOST_ROWS, most=MOST_ROWS)
    part = shown[offset : offset + limit]
    return list(part) if given.flag("all_fields") else [one["name"] for one in part]


def _with_fields() -> Arguments:
    return Arguments({"all_fields": True})


def _fits(one: Shown, given: Arguments) -> bool:
    text = given.text("q").lower()
    return text in one["name"] or text in one["title"].lower()


def _offered(one: Shown) -> Shown:
    return {"id": one["id"], "name": one["name"], "title": one["title"]}
