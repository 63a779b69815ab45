"""What must not stand in the repository: places of one machine, addresses of package servers, secrets, big files."""

import re

from .tree import short, tracked_files, tracked_texts

# Written in pieces, so that this file does not find itself.
ABSOLUTE = re.compile(r"(?<![\w.$}~)/-])/(?:h" r"ome|Users|r" r"oot|w" r"ork|workspace|mnt)/(?!\.\.)[\w.-]+/")
REGISTRIES = re.compile(
    r"files\.python" r"hosted|py" r"pi\.org|registry\.npm" r"js|proxy\.gol" r"ang|--(?:extra-)?index" r"-url +https?:"
    r"|index" r"-url *= *[\"']?https?:|mirrors?\.[a-z]+\.(?:com|cn|edu)", re.IGNORECASE
)  # fmt: skip
SECRETS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"d\": *\"[A-Za-z0-9_-]{43}\"|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.")
LARGEST = 3 * 1024 * 1024
LARGER = {"services/data-hub/src/data_hub/seals/fonts/smart-hengshui-sans-sc.ttf"}  # 30,000 ideographs: rare names


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Where the tracked texts hold something."""
    return [
        f"{short(path)}:{number}: {line.strip()[:120]}"
        for path, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_place_of_one_machine() -> None:
    assert lines_with(ABSOLUTE) == []


def test_no_address_of_a_package_server() -> None:
    assert lines_with(REGISTRIES) == []


def test_no_secret() -> None:
    assert lines_with(SECRETS) == []


def test_no_big_file() -> None:
    assert {short(path) for path in tracked_files() if path.stat().st_size > LARGEST} == LARGER


def test_nothing_generated_is_tracked() -> None:
    parts = {"__pycache__", ".venv", "node_modules", ".city", "dist"}
    assert [short(path) for path in tracked_files() if parts & set(path.parts) or path.suffix == ".pyc"] == []
