"""What a deployment tells citizen-pass beyond what every service is told."""

from datetime import time
from functools import cached_property
from urllib.parse import urlsplit

from pydantic import Field

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of citizen-pass; the defaults are those of a real city on one machine.

    Durations are in the unit that the name says.
    """

    argon2_memory_kib: int = Field(default=19_456, ge=8_192)
    argon2_time_cost: int = Field(default=2, ge=1)
    password_workers: int = Field(default=2, ge=1, le=16)

    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    session_idle_minutes: int = Field(default=60, ge=5)
    refresh_days: int = Field(default=30, ge=1, le=365)
    signing_key_days: int = Field(default=90, ge=1, le=730)
    registrations_per_hour: int = Field(default=60, ge=1)
    verifications_per_day: int = Field(default=5, ge=1)

    webauthn_rp_id: str = ""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_username: str = ""
    smtp_start_tls: bool = True
    smtp_sender: str = "city@hengshui.example"
    quiet_from: time = time(22, 0)
    quiet_until: time = time(7, 0)

    question_working_days: int = Field(default=15, ge=1, le=60)

    @cached_property
    def secure(self) -> bool:
        """Whether the city is reached by https, so that cookies can be bound to it."""
        return urlsplit(self.public_url).scheme == "https"

    @cached_property
    def issuer(self) -> str:
        """The issuer identifier of the OpenID provider (OpenID Connect Discovery 1.0 §3)."""
        return self.token_issuer.rstrip("/")

    @cached_property
    def relying_party(self) -> str:
        """The WebAuthn relying party id: a domain, never an address, so a local city is `localhost`."""
        host = urlsplit(self.public_url).hostname or "localhost"
        return self.webauthn_rp_id or ("localhost" if _is_address(host) else host)

    @cached_property
    def relying_party_origins(self) -> list[str]:
        """The origins from which a passkey may be used: the public one, and the local name of a local city."""
        parts = urlsplit(self.public_url)
        origins = [f"{parts.scheme}://{parts.netloc}"]
        if self.relying_party == "localhost" and parts.hostname != "localhost":
            origins.append(f"http://localhost:{parts.port}" if parts.port else "http://localhost")
        return origins


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
