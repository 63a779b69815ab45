"""Things of the directory as CKAN shows them; without I/O."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data_hub.resources.domain import Licence
from data_hub.resources.outlets import QUERY, ROWS, Addresses, Outlet, outlets
from data_hub.resources.schemas import Resource
from data_hub.resources.themes import THEMES, Theme

Shown = dict[str, Any]
LICENCES: dict[Licence, tuple[str, str, bool]] = {
    Licence.unstated: ("License not specified", "", False),
    Licence.attribution: ("Creative Commons Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/", True),
    Licence.none_reserved: ("Creative Commons CC0", "https://creativecommons.org/publicdomain/zero/1.0/", True),
    Licence.data_attribution: ("Open Data Commons Attribution", "https://opendatacommons.org/licenses/by/1-0/", True),
}


@dataclass(frozen=True)
class Department:
    """A department that opened something."""

    code: str
    name: str
    count: int


def moment(value: datetime | None) -> str | None:
    """A time as CKAN writes it: UTC, without a zone."""
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def name_of(code: str) -> str:
    """The name of an organisation: CKAN's are in small letters."""
    return code.lower()


def organisation(one: Department, at: Addresses) -> Shown:
    """A department as CKAN's organisation."""
    return {
        "id": name_of(one.code), "name": name_of(one.code), "title": one.name, "display_name": one.name,
        "description": "", "image_url": "", "image_display_url": "", "created": None, "is_organization": True,
        "approval_status": "approved", "type": "organization", "state": "active", "package_count": one.count,
        "num_followers": 0, "extras": [{"key": "uscc", "value": one.code}], "groups": [], "tags": [], "users": [],
        "url": at.department(one.code),
    }  # fmt: skip


def group(theme: Theme, count: int) -> Shown:
    """A theme as CKAN's group."""
    chinese, english, _ = THEMES[theme]
    return {
        "id": theme.value, "name": theme.value, "title": chinese, "display_name": chinese, "description": english,
        "image_url": "", "image_display_url": "", "created": None, "is_organization": False,
        "approval_status": "approved", "type": "group", "state": "active", "package_count": count, "num_followers": 0,
        "extras": [], "groups": [], "tags": [], "users": [],
    }  # fmt: skip


def tag(name: str) -> Shown:
    """A tag."""
    return {"id": name, "name": name, "display_name": name, "state": "active", "vocabulary_id": None}


def licence(of: Licence) -> Shown:
    """A licence of CKAN's list."""
    title, url, is_open = LICENCES[of]
    return {
        "id": of.value, "title": title, "url": url, "status": "active", "domain_data": is_open, "maintainer": "",
        "od_conformance": "approved" if is_open else "not reviewed", "osd_conformance": "not reviewed",
        "is_generic": False, "family": "", "domain_content": is_open, "domain_software": False, "legacy_ids": [],
    }  # fmt: skip


def package(one: Resource, at: Addresses) -> Shown:
    """An opened resource as CKAN's package (dataset)."""
    title, url, is_open = LICENCES[one.licence]
    resources = [_resource(one, outlet, place) for place, outlet in enumerate(outlets(one, at))]
    chinese, english, _ = THEMES[one.theme]
    groups = [{
        "id": one.theme.value, "name": one.theme.value, "title": chinese, "display_name": chinese,
        "description": english, "image_display_url": "",
    }]  # fmt: skip
    return {
        "id": one.code, "name": one.code, "title": one.name, "notes": one.summary, "type": "dataset",
        "state": "active", "private": False, "isopen": is_open, "license_id": one.licence.value,
        "license_title": title, "license_url": url, "author": one.provider_name, "author_email": None,
        "maintainer": one.source_department_name, "maintainer_email": None, "url": at.resource(one.code),
        "version": str(one.version), "metadata_created": moment(one.published_at),
        "metadata_modified": moment(one.changed_at), "creator_user_id": None, "owner_org": name_of(one.provider),
        "organization": _brief(one), "num_resources": len(resources), "num_tags": len(one.tags),
        "resources": resources, "tags": [tag(name) for name in sorted(one.tags)], "groups": groups,
        "extras": _extras(one), "relationships_as_subject": [], "relationships_as_object": [],
    }  # fmt: skip


def _brief(one: Resource) -> Shown:
    return {
        "id": name_of(one.provider), "name": name_of(one.provider), "title": one.provider_name, "description": "",
        "image_url": "", "created": None, "is_organization": True, "approval_status": "approved",
        "type": "organization", "state": "active",
    }  # fmt: skip


def _extras(one: Resource) -> list[Shown]:
    """The fields of the national core metadata that CKAN has no place for."""
    told = {
        "identifier": one.code, "resource_class": one.resource_class.value, "format": one.format.value,
        "share_type": one.share_type.value, "opening": one.opening.value, "update_cycle": one.update_cycle.value,
        "source_department": one.source_department, "source_department_name": one.source_department_name,
        "title_en": one.name_en, "notes_en": one.summary_en, "contact": one.contact,
        "related": ",".join(one.related) or None, "key": ",".join(one.key) or None,
        "items": json.dumps([item.model_dump(mode="json") for item in one.items], ensure_ascii=False),
    }  # fmt: skip
    return [{"key": name, "value": value} for name, value in told.items() if value is not None]


def resources_of(one: Resource, at: Addresses) -> Sequence[Shown]:
    """The outlets of an opened resource as CKAN's resources."""
    return [_resource(one, outlet, place) for place, outlet in enumerate(outlets(one, at))]


def _resource(one: Resource, outlet: Outlet, place: int) -> Shown:
    return {
        "id": outlet.id, "package_id": one.code, "name": outlet.title, "description": outlet.title_en,
        "url": outlet.url, "url_type": None, "resource_type": "api" if outlet.kind != ROWS else "file",
        "format": "CSV" if outlet.kind == ROWS else "API", "mimetype": outlet.media_type, "mimetype_inner": None,
        "state": "active", "position": place, "created": moment(one.published_at), "size": None, "hash": "",
        "last_modified": moment(one.changed_at), "metadata_modified": moment(one.changed_at), "cache_url": None,
        "cache_last_updated": None, "datastore_active": outlet.kind in {ROWS, QUERY},
        "datastore_contains_all_records_of_source_file": outlet.kind == ROWS,
    }  # fmt: skip
