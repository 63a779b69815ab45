"""What a deployment tells the enterprise service."""

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kernel's settings; this service needs none of its own."""
