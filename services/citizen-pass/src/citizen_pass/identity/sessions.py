"""The browser in front of us: its cookie, the session behind it, its language, its protection against forged forms.

One cookie holds 256 random bits. Before sign-in nothing is stored for it; at sign-in the browser gets a new one (so a
planted cookie is worth nothing) and a row that holds its hash. The form token is a keyed hash of the cookie: another
site can neither read nor guess it. `__Host-` binds the cookie to this host where the city is reached by https.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy import select, update
from starlette.requests import Request
from starlette.responses import Response

from citizen_pass.identity import domain, repository
from citizen_pass.identity.models import AccountRow, FamilyRow, SessionRow
from citizen_pass.pages.language import chosen_language
from citizen_pass.settings import Settings
from citykit.clock import WallClock
from citykit.work import Work, WorkInRequest

_SEEN_EVERY = timedelta(minutes=1)
# What stands in a User-Agent header, the telling mark first: most browsers claim to be several others as well.
BROWSERS = (
    ("MicroMessenger", "微信 WeChat"), ("HuaweiBrowser", "Huawei Browser"), ("MiuiBrowser", "Mi Browser"),
    ("QQBrowser", "QQ Browser"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def cookie_name(settings: Settings) -> str:
    """The session cookie's name."""
    return "__Host-city" if settings.secure else "city"


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    """Give the browser its cookie; it ends with the browser, the session's own end is kept by us."""
    response.set_cookie(cookie_name(settings), token, path="/", secure=settings.secure, httponly=True, samesite="lax")


@dataclass
class Browser:
    """Who sits in front of a page."""

    token: str
    is_new: bool
    language: str
    form_token: str
    session: SessionRow | None = None
    account: AccountRow | None = None
    english: bool = field(init=False)

    def __post_init__(self) -> None:
        self.english = self.language == "en"

    def sent(self, form_token: str | None) -> bool:
        """Whether a form came from a page that we gave to this browser."""
        return (
            not self.is_new
            and form_token is not None
            and hmac.compare_digest(form_token.encode(), self.form_token.encode())
        )


class Sessions:
    """The acts on sessions."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def form_token(self, token: str) -> str:
        """The token of a browser's forms."""
        return self._work.vault.index("form-token", token).hex()

    async def browser(self, request: Request) -> Browser:
        """The browser that sent `request`, with its session where one is open."""
        language = chosen_language(request)
        token = request.cookies.get(cookie_name(self._work.settings), "")
        if not (40 <= len(token) <= 60 and token.isascii()):
            token = secrets.token_urlsafe(32)
            return Browser(token, True, language, self.form_token(token))
        browser = Browser(token, False, language, self.form_token(token))
        await self._recognise(browser)
        return browser

    async def _recognise(self, browser: Browser) -> None:
        now = WallClock().now()
        idle_since = now - timedelta(minutes=self._work.settings.session_idle_minutes)
        statement = select(SessionRow).where(
            SessionRow.token_hash == domain.digest(browser.token), SessionRow.ended_at.is_(None),
            SessionRow.expires_at > now, SessionRow.last_seen_at > idle_since,
        )  # fmt: skip
        session = (await self._work.session.scalars(statement)).first()
        if session is None:
            return
        account = await repository.open_account(self._work.session, session.subject)
        if account is None:
            return
        browser.session, browser.account = session, account
        if now - session.last_seen_at > _SEEN_EVERY:
            session.last_seen_at = now

    async def start(self, request: Request, browser: Browser, account: AccountRow, amr: list[str]) -> None:
        """Sign the browser in, with a new cookie and a new session; the one before ends."""
        now = WallClock().now()
        if browser.session is not None:
            browser.session.ended_at = now
        browser.token, browser.is_new = secrets.token_urlsafe(32), True
        browser.form_token = self.form_token(browser.token)
        browser.account = account
        browser.session = SessionRow(
            token_hash=domain.digest(browser.token),
            subject=account.subject,
            amr=amr,
            auth_time=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=self._work.settings.session_hours),
            device=_device(request.headers.get("user-agent", "")),
        )
        self._work.session.add(browser.session)
        await self._work.session.flush()
        stream = f"account/{account.subject}"
        self._work.audit.note(stream=stream, act="sign-in", by=f"sub:{account.subject}", data={"amr": amr})

    async def end(self, browser: Browser) -> None:
        """Sign the browser out: its session ends; what clients may do offline stays until it is withdrawn."""
        if browser.session is not None:
            browser.session.ended_at = WallClock().now()
        browser.session, browser.account = None, None

    async def revoke(self, subject: UUID, session_id: UUID) -> bool:
        """End one session of a person and everything that clients got through it. False where she has none such."""
        now = WallClock().now()
        ended = await self._work.session.execute(
            update(SessionRow)
            .where(SessionRow.id == session_id, SessionRow.subject == subject, SessionRow.ended_at.is_(None))
            .values(ended_at=now)
            .returning(SessionRow.id)
        )
        if ended.scalar_one_or_none() is None:
            return False
        await self._work.session.execute(
            update(FamilyRow)
            .where(FamilyRow.session_id == session_id, FamilyRow.revoked_at.is_(None))
            .values(revoked_at=now, revoked_because="session revoked")
        )
        self._work.audit.note(
            stream=f"account/{subject}", act="revoke-session", by=f"sub:{subject}", data={"session": str(session_id)}
        )
        return True

    async def revoke_all(self, subject: UUID) -> None:
        """End every session and every token of a person."""
        now = WallClock().now()
        await self._work.session.execute(
            update(SessionRow).where(SessionRow.subject == subject, SessionRow.ended_at.is_(None)).values(ended_at=now)
        )
        await self._work.session.execute(
            update(FamilyRow)
            .where(FamilyRow.subject == subject, FamilyRow.revoked_at.is_(None))
            .values(revoked_at=now, revoked_because="account closed")
        )


def _device(agent: str) -> str:
    """A browser in words that its owner recognises: `Firefox · Windows`; an unknown one by its own first words."""
    browser = next((name for mark, name in BROWSERS if mark in agent), None)
    system = next((name for mark, name in SYSTEMS if mark in agent), None)
    if browser is None:
        return "".join(character for character in agent if character.isprintable())[:60]
    return f"{browser} · {system}" if system is not None else browser


async def _browser(request: Request, work: WorkInRequest) -> Browser:
    return await Sessions(work).browser(request)


BrowserInRequest = Annotated[Browser, Depends(_browser)]
