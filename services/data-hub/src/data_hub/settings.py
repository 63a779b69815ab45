"""What a deployment tells the data hub beyond what every service is told."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, field_validator

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the data hub.

    `pull_networks` lists the networks (CIDR, parted by commas) that gathering may pull from; without any, from none.
    A pull that lasts longer than `pull_seconds` is given up.
    `lineage_url` names a receiver of OpenLineage events; each event of our batches is sent there as well.
    `archive_dir` is the folder for the history of the registries as Parquet; without one, none is written.
    Whoever reads rows of opened resources without a key may do so `keyless_requests` times in `keyless_seconds`.
    `tsa_url` names an accredited time-stamp authority (RFC 3161); without one, evidence is stamped by the city's own.
    """

    archive_dir: Path | None = None
    tsa_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    lineage_url: str = Field(default="", pattern=r"^(https?://.+)?$")
    pull_networks: str = Field(default="", max_length=4000)
    pull_seconds: float = Field(default=300.0, gt=0, le=3000)
    keyless_requests: int = Field(default=600, ge=1)
    keyless_seconds: float = Field(default=10.0, gt=0, le=3600)

    @field_validator("pull_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in filter(None, map(str.strip, value.split(","))):
            ip_network(one)
        return value
