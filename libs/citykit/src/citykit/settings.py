"""What a deployment tells a service: read once at start from the environment and from files, then frozen."""

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Profile(StrEnum):
    """How much may be pretended: sample persons and a movable clock exist outside `production` only."""

    production = "production"
    demo = "demo"
    test = "test"


class ServiceSettings(BaseSettings):
    """Settings that every service has; a service adds its own in a subclass.

    Environment variables carry the field's name in capitals. Secrets are files below `secrets_dir`, never variables.
    `trusted_proxies` is the number of reverse proxies of ours that append to X-Forwarded-For: what is counted per
    address counts the one that the outermost of them saw.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str
    profile: Profile = Profile.production
    mesh_url: str = "http://127.0.0.1:8081"
    public_url: str = "http://127.0.0.1:8000"
    token_issuer: str
    token_keys_url: str
    secrets_dir: Path
    usage_reader: str = ""
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str = ""
    clock_file: Path | None = None
    sample_dir: Path | None = None
    home_dir: Path | None = None
    migrations_dir: Path | None = None
    calendar_dir: Path | None = None
    pool_size: int = Field(default=8, ge=1, le=100)
    worker_concurrency: int = Field(default=4, ge=1, le=64)
    statement_timeout_ms: int = Field(default=15_000, ge=100)
    lock_timeout_ms: int = Field(default=4_000, ge=100)
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    trusted_proxies: int = Field(default=1, ge=0, le=5)

    @model_validator(mode="after")
    def _the_clock_moves_in_play_only(self) -> Self:
        if self.clock_file is not None and self.profile is Profile.production:
            raise ValueError("CLOCK_FILE is refused in the production profile")
        return self

    @property
    def is_production(self) -> bool:
        """Whether this is a real city, where nothing may be pretended."""
        return self.profile is Profile.production

    def secret(self, name: str) -> str:
        """Read the secret file `name`; its surrounding white space does not count. Raises FileNotFoundError."""
        return (self.secrets_dir / name).read_text(encoding="utf-8").strip()

    @cached_property
    def conninfo(self) -> str:
        """The database's address in libpq form, as psycopg and procrastinate want it."""
        return self.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
