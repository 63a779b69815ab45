"""What goes over the wire about micro-apps."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from citykit.pages import PageQuery
from citykit.wire import Instant, LongText, ShortText, Wire
from data_hub.micro_apps.domain import AppState, VersionState, address_of, client_id_of
from data_hub.micro_apps.models import AppRow, VersionRow
from data_hub.organisations import OwnName

AppId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,20}(\.[a-z][a-z0-9-]{0,30}){1,4}$", max_length=58)]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){2}$", max_length=80)]
Uri = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9+.-]*:[^\s]{1,1990}$", max_length=2000)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=200)]
TOLD = {"name_zh", "name_en", "summary", "contact"}
Digest = Annotated[str, StringConstraints(min_length=64, max_length=64)]


class AppDraft(Wire):
    """An app to register. `app_id` is a reversed domain name, as in the W3C MiniApp manifest."""

    app_id: AppId = Field(examples=["cn.hengshui.air-quality"])
    name_zh: ShortText
    name_en: ShortText
    summary: LongText = Field(description="What it does, as the store shows it")
    department_name: OwnName = None
    contact: ShortText = Field(description="Where its users turn to")


class Manifest(Wire):
    """What a version says of itself: names follow the W3C MiniApp manifest where it has them."""

    version_code: Annotated[int, Field(ge=1, le=2**31 - 1)]
    version_name: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+-]{1,64}$")] = Field(examples=["1.0.0"])
    platform_version: Annotated[int, Field(ge=1, le=1000)] = 1
    pages: Annotated[list[Path], Field(min_length=1, max_length=50)] = Field(examples=[["index.html"]])
    files: Annotated[dict[Path, Digest], Field(min_length=1, max_length=1000)] = Field(
        description="Every file of the bundle with its SHA-256 in hexadecimal"
    )
    scopes: Annotated[list[Scope], Field(max_length=50)] = Field(default=[], description="What it asks for")
    redirect_uris: Annotated[list[Uri], Field(max_length=20)] = Field(
        default=[],
        description="Where else than in its frame people come back to after signing in, should it run elsewhere too",
    )
    resources: Annotated[list[ShortText], Field(max_length=50)] = Field(
        default=[], description="Codes of the data resources it uses, shown to its users"
    )
    changes: LongText = Field(description="What is new")
    name_zh: ShortText | None = Field(
        default=None,
        description="What the app is called from this version on; this and the next three: as before where left out",
    )
    name_en: ShortText | None = None
    summary: LongText | None = None
    contact: ShortText | None = None

    def told(self) -> dict[str, str]:
        """What the version says anew of its app, as the store and the consent page show it."""
        return self.model_dump(include=TOLD, exclude_none=True)


class Version(Wire):
    """A version and how it was decided."""

    code: int
    name: str
    state: VersionState
    manifest: Manifest
    uploaded: list[str] = Field(description="The files that are here")
    granted_scopes: list[str]
    decision: str | None
    made_at: Instant
    decided_at: Instant | None

    @classmethod
    def of(cls, row: VersionRow, uploaded: list[str]) -> Self:
        """The version of a row."""
        return cls(
            code=row.code, name=row.name, state=VersionState(row.state), manifest=Manifest.model_validate(row.manifest),
            uploaded=uploaded, granted_scopes=row.granted_scopes, decision=row.decision, made_at=row.made_at,
            decided_at=row.decided_at,
        )  # fmt: skip


class AppBrief(Wire):
    """An app as the store shows it. `address` is where it is opened, below the city's own address."""

    app_id: str
    name_zh: str
    name_en: str
    summary: str
    department_name: str = Field(description="The department that answers for it 主办单位")
    contact: str
    version_code: int | None
    published_at: Instant | None
    address: str

    @classmethod
    def of(cls, row: AppRow) -> Self:
        """The app of a row."""
        return cls(
            app_id=row.app_id, name_zh=row.name_zh, name_en=row.name_en, summary=row.summary,
            department_name=row.department_name, contact=row.contact, version_code=row.live_code,
            published_at=row.published_at, address=address_of(row.app_id, row.scopes),
        )  # fmt: skip


class StoreApp(AppBrief):
    """An app in the store, with the data that it says it uses and what it was granted."""

    resources: list[str] = Field(description="Codes of data resources")
    scopes: list[str] = Field(description="What people may let it do for them")

    @classmethod
    def told(cls, row: AppRow, manifest: dict[str, Any]) -> Self:
        """The app of a row and the manifest of its live version."""
        return cls(**AppBrief.of(row).model_dump(), resources=manifest.get("resources", []), scopes=row.scopes)


class App(AppBrief):
    """An app as those who answer for it see it."""

    department: str
    state: AppState
    state_reason: str | None
    scopes: list[str]
    client_id: str
    registered_at: Instant

    @classmethod
    def of(cls, row: AppRow) -> Self:
        """The app of a row."""
        return cls(
            **AppBrief.of(row).model_dump(), department=row.department, state=AppState(row.state),
            state_reason=row.state_reason, scopes=row.scopes, client_id=client_id_of(row.app_id),
            registered_at=row.registered_at,
        )  # fmt: skip


class AppFilter(PageQuery):
    """Which apps."""

    state: AppState | None = None


class StoreFilter(PageQuery):
    """Which page of the store."""


class Approval(Wire):
    """A decision for a version: what it may do, at most what it asked for."""

    scopes: Annotated[tuple[Scope, ...], Field(max_length=50)] = ()
    note: ShortText


class Reason(Wire):
    """Why."""

    reason: ShortText


class Reinstatement(Reason):
    """Why a suspended app runs again, and which approved version of it."""

    version_code: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="The version that ran before unless told otherwise"
    )


class Publication(Wire):
    """Which approved version is to be served; an earlier one takes the app back to it."""

    version_code: Annotated[int, Field(ge=1, le=2**31 - 1)]
