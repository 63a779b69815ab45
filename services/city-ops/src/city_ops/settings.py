"""What a deployment tells city-ops."""

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kernel's settings; city-ops adds none yet."""
