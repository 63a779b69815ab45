"""`./city bench`: how fast the city answers, beside bare handlers that run the same SQL behind the same gateway."""

from launcher.bench.command import main

__all__ = ["main"]
