"""What a deployment tells this service beyond what every service is told."""

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The kernel's settings suffice so far."""
