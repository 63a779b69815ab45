"""How much gathering takes in: bounds that keep one file from taking the machine. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The bounds of a deployment."""

    most_bytes: int = 2 * 1024**3  # a file, as it came and unpacked
    most_rows: int = 20_000_000
    most_bad_rows: int = 100_000
    most_bad_characters: int = 64 * 1024**2  # of all bad rows of a batch: they are held until it ends
    most_ratio: int = 250  # unpacked to packed: text packs 5 to 20 times, a bomb 1,000 times
    child_memory: int = 3 * 1024**3  # address space of the process that reads binary formats
    child_seconds: int = 120


# Below this size no ratio is looked at: a short file of equal rows packs well.
RATIO_FROM = 32 * 1024 * 1024
