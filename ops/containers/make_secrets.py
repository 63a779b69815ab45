"""The launcher's secrets, laid out for containers.

A container reads its secrets as a user of its own and sees one folder. So the files may be read by anybody who reaches
them, and nobody but their owner reaches them: the folder above is closed (0700).
"""

import argparse
import sys
from pathlib import Path

from launcher.city import DATABASE, PROFILES, ROOT, SERVICES, City, write_whole
from launcher.keyring import settle
from launcher.ports import Ports
from launcher.provision import role_of


def service_file(name: str, database: str, role: str, password: str) -> str:
    """A connection service file of libpq (PGSERVICEFILE): where the database is and how `role` gets in."""
    return f"[{name}]\nhost=postgres\nport=5432\ndbname={database}\nuser={role}\npassword={password}\n"


def lay_out(city: City, profile: str) -> None:
    """Make what is missing below `city.secrets`, and what only containers need beside it."""
    city.found(profile)
    settle(city, profile)
    for service in SERVICES:
        password = city.secret(service, "database_password")
        role = role_of(service)
        write_whole(city.secrets / service / "pg_service.conf", service_file("city", DATABASE, role, password))
        write_whole(city.secrets / "postgres" / f"{role}_password", f"{password}\n")
    password = city.secret("postgres", "superuser_password")
    told = service_file("postgres", "postgres", "postgres", password)
    write_whole(city.secrets / "postgres" / "pg_service.conf", told)
    for folder in city.secrets.iterdir():
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)
    city.secrets.chmod(0o700)


def main() -> int:
    """Make the secrets; say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="production")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".city" / "containers")
    arguments = parser.parse_args()
    city = City(arguments.folder.resolve(), Ports.of(8000))
    lay_out(city, arguments.profile)
    sys.stdout.write(f"{city.secrets}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
