"""The rules of micro-apps: states and acts, what a manifest must say, what a bundle may hold. No I/O."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import urlsplit

ENTRY = "index.html"
SITES = "/api/data-hub/apps"
MOST_FILES = 200
MOST_FILE_BYTES = 2 * 1024 * 1024
MOST_BYTES = 5 * 1024 * 1024
PLATFORM_VERSION = 1  # what the city offers apps; a manifest says the least it needs (W3C MiniApp: platform_version)
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
# What an app may be granted, in the words of the consent page: what every citizen's account carries (docs/scopes.md)
# save the scopes of citizen-pass, which the gateway keeps from pages without an origin. What a post carries, or a
# program of the city, no app is granted.
GRANTABLE = {
    "city-ops.cases.report": (
        "以您的名义上报城市管理问题并查看进度",
        "Report city problems for you and see their progress",
    ),
    "data-hub.licences.hold": ("查看、出示和授权使用您的电子证照", "See and show your licences, let others use them"),
    "enterprise.firms.bind": ("绑定您担任法定代表人的企业", "Bind firms that you legally represent"),
    "enterprise.requests.submit": ("以企业名义提交诉求并查看进度", "Send requests of your firm and see their progress"),
    "gov-collab.hotline.submit": (
        "以您的名义提交热线诉求并查看进度",
        "Send hotline messages for you and see their progress",
    ),
}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,5}")
# What a key, password or token written into a file looks like. A micro-app runs in a browser: it can keep none.
_SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|client_secret[\"']?\s*[:=]\s*[\"'][^\"']{8,}"
    r"|(?i:authorization|x-api-key)[\"']?\s*[:=]\s*[\"'](?i:bearer\s+)?[A-Za-z0-9._-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"
)


class AppState(StrEnum):
    """The state of an app."""

    draft = "draft"  # 草稿: no version was approved yet
    published = "published"  # 已上架
    suspended = "suspended"  # 已暂停, by the reviewer
    retired = "retired"  # 已下架, for good


class VersionState(StrEnum):
    """The state of a version."""

    draft = "draft"  # 草稿
    review = "review"  # 待审
    approved = "approved"  # 已批准: may be the one that is served
    returned = "returned"  # 退回: mended under the same code
    superseded = "superseded"  # 已被替代: a later one was approved before its decision


APP_ACTS: dict[str, tuple[frozenset[AppState], AppState]] = {
    # A version that mends what an app was suspended for ends the suspension: the faulty one need not run again first.
    "publish": (frozenset({AppState.draft, AppState.published, AppState.suspended}), AppState.published),
    "suspend": (frozenset({AppState.published}), AppState.suspended),
    "reinstate": (frozenset({AppState.suspended}), AppState.published),
    "retire": (frozenset({AppState.draft, AppState.published, AppState.suspended}), AppState.retired),
}
VERSION_ACTS: dict[str, tuple[frozenset[VersionState], VersionState]] = {
    "upload": (frozenset({VersionState.draft, VersionState.returned}), VersionState.draft),
    "submit": (frozenset({VersionState.draft}), VersionState.review),
    "approve": (frozenset({VersionState.review}), VersionState.approved),
    "return": (frozenset({VersionState.review}), VersionState.returned),
}


def app_after(act: str, state: AppState) -> AppState | None:
    """The state that an act on an app leads to, or None where it is not allowed."""
    allowed, reached = APP_ACTS[act]
    return reached if state in allowed else None


def version_after(act: str, state: VersionState) -> VersionState | None:
    """The state that an act on a version leads to, or None where it is not allowed."""
    allowed, reached = VERSION_ACTS[act]
    return reached if state in allowed else None


def client_id_of(app_id: str) -> str:
    """The OAuth client id of an app: `app-` and its reversed domain name with dashes."""
    return f"app-{app_id.replace('.', '-')}"


def address_of(app_id: str, scopes: Iterable[str]) -> str:
    """Where an app is opened, below the city's address: its own page, or the frame that signs people in for it."""
    return f"{SITES}/-/run/{app_id}" if list(scopes) else f"{SITES}/{app_id}/"


def path_fault(path: str) -> str | None:
    """Why a file may not be called so, or None."""
    if len(path) > 200 or not _PATH.fullmatch(path):
        return "a path of letters, digits, dots, dashes and underlines, at most six folders deep"
    if PurePosixPath(path).suffix.lower() not in MEDIA_TYPES:
        return "a page, style, script, picture, font or data file"
    return None


def media_type_of(path: str) -> str:
    """The media type that a file is served as."""
    return MEDIA_TYPES[PurePosixPath(path).suffix.lower()]


def may_return_to(uri: str, own_host: str) -> bool:
    """Whether people may be sent back to `uri` after signing in; citizen-pass holds its clients to the same rule.

    https, http on loopback or on the city's own host, or a private scheme with a dot; no fragment, no user
    information, no wildcard, visible ASCII only (RFC 6749 §3.1.2, RFC 8252 §7.1, RFC 9700).
    """
    if len(uri) > 2000 or not _VISIBLE.fullmatch(uri) or any(sign in uri for sign in "#*\\"):
        return False
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if parts.scheme == "https":
        return bool(host)
    if parts.scheme == "http":
        return host in {"127.0.0.1", "::1", "localhost"} or (bool(own_host) and host == own_host)
    return "." in parts.scheme and bool(parts.path or parts.netloc)


def rights_faults(scopes: Iterable[str], redirect_uris: Iterable[str], own_host: str) -> list[str]:
    """What is wrong with the scopes that a version wants or gets, and with the addresses that it names."""
    found = [
        f"scopes/{number}: no scope that an app may be granted; those are {', '.join(GRANTABLE)}"
        for number, scope in enumerate(scopes)
        if scope not in GRANTABLE
    ]
    found += [
        f"redirect_uris/{number}: not an address that people may be sent back to (RFC 8252, RFC 9700)"
        for number, uri in enumerate(redirect_uris)
        if not may_return_to(uri, own_host)
    ]
    return found


def manifest_faults(files: Mapping[str, str], pages: Iterable[str], needs_platform: int) -> list[str]:
    """What is wrong with the files and pages that a manifest names."""
    found = [f"files/{path}: {why}" for path in files if (why := path_fault(path))]
    found += [
        f"files/{path}: not a SHA-256" for path, digest in files.items() if not re.fullmatch("[0-9a-f]{64}", digest)
    ]
    if ENTRY not in files:
        found.append(f"files: {ENTRY} is missing")
    if len(files) > MOST_FILES:
        found.append(f"files: more than {MOST_FILES}")
    found += [f"pages/{page}: not among the files" for page in pages if page not in files]
    if needs_platform > PLATFORM_VERSION:
        found.append(f"platform_version: the city is at {PLATFORM_VERSION}")
    return found


def holds_secret(text: str) -> bool:
    """Whether something that looks like a key, a token or a password stands in a text."""
    return _SECRETS.search(text) is not None


def refused_scopes(asked: Iterable[str], granted: Iterable[str]) -> list[str]:
    """The scopes that a reviewer grants without having been asked for them: none may be."""
    return sorted(set(granted) - set(asked))
