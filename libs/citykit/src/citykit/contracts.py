"""Writes or checks a service's committed contracts: `python -m citykit.contracts gov_collab.main:service --write`."""

import argparse
import sys

from citykit import openapi
from citykit.service import Service, load


def documents(service: Service) -> dict[str, str]:
    """The contracts as the code has them now, by file name."""
    return {
        "openapi.json": openapi.text_of(openapi.build(service.bare_app(), service)),
        "events.json": openapi.text_of(openapi.events_document(service)),
    }


def differing(service: Service) -> list[str]:
    """The names of committed contracts that say something else than the code."""
    wrong = []
    for name, text in documents(service).items():
        path = service.folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            wrong.append(name)
    return wrong


def main() -> int:
    """Write the contracts, or fail where they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    service = load(arguments.service)
    if arguments.write:
        for name, text in documents(service).items():
            (service.folder / name).write_text(text, encoding="utf-8")
        return 0
    wrong = differing(service)
    for name in wrong:
        sys.stderr.write(f"{service.name}: {name} differs from the code; write it anew with --write\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
