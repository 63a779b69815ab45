"""What a deployment tells the data hub: nothing beyond what every service is told."""

from citykit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the data hub."""
