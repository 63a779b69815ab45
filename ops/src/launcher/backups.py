"""Backups: one file that holds the database and the keys without which it cannot be read; and the end of a city.

A backup is a tar of `manifest.json`, `database.dump` (pg_dump's custom format) and `secrets/`. Restoring builds a whole
city beside the present one and changes places at the end, so that a failure or a loss of power leaves the old one.
"""

import io
import json
import shutil
import subprocess
import sys
import tarfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from launcher import control, migrations, provision
from launcher.city import DATABASE, PROFILES, SERVICES, City, write_whole
from launcher.exchange import NEW, OLD, PARTS, WHOLE, finish_restore
from launcher.postgres import SUPERUSER, Cluster, run_tool, serving, socket_folder
from launcher.refusals import Refusal
from launcher.terminal import Step, say

FORMAT = 1
EVERYTHING = (*PARTS, "logs", "run", "sockets", "traefik.yml", migrations.MARKS, NEW, OLD, "tmp")
EVERYTHING_ELSE = ("supervisor.json", "supervisor.lock", "wanted.json", "lock")


def write(city: City, file: Path) -> str:
    """Write the backup `file`, readable by its owner alone; what was done. Raises Refusal, and then leaves no file."""
    if not city.cluster.exists:
        raise Refusal("此处还没有城市", "There is no city here yet")
    if file.exists():
        raise Refusal(f"文件已存在:{file}", f"The file exists already: {file}")
    if not file.parent.is_dir():
        raise Refusal(f"目录不存在:{file.parent}", f"There is no folder {file.parent}")
    password = city.secret("postgres", "superuser_password")
    folder = city.state / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = file.with_name(f".{file.name}.new")
    try:
        with Step("备份 Backup"):
            with serving(city.cluster, password, city.logs / "database.log"):
                _dump(city, folder / "database.dump", password)
                manifest = _manifest(city)
            fresh.touch(mode=0o600)
            with tarfile.open(fresh, "w") as tar:
                _add(tar, "manifest.json", json.dumps(manifest, indent=1).encode())
                tar.add(folder / "database.dump", "database.dump")
                for path in sorted(city.secrets.rglob("*")):
                    if path.is_file() and not path.name.startswith("."):
                        tar.add(path, f"secrets/{path.relative_to(city.secrets)}")
            fresh.rename(file)
    finally:
        fresh.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    return f"  {file}  {file.stat().st_size / 1e6:.1f} MB(含密钥,请妥善保管 It holds the keys: keep it safe)"


def _dump(city: City, target: Path, password: str) -> None:
    arguments = ["-Fc", "-h", str(city.cluster.sockets), "-U", SUPERUSER, "-f", str(target), DATABASE]
    run_tool("pg_dump", arguments, password=password)


def _manifest(city: City) -> dict[str, object]:
    clock = city.clock.read_text().strip() if city.clock.exists() else ""
    return {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "profile": city.profile,
        "clock": clock,
        "revisions": {service: migrations.revision(city, service) for service in SERVICES},
    }


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    tar.addfile(entry, io.BytesIO(data))


def restore(city: City, file: Path) -> str:
    """Put the city of a backup in the place of this one, which moves to `before-restore`; what was done.

    Raises Refusal where the file is no whole backup; the present city then stays as it is.
    """
    ran = control.supervisor_pid(city) is not None
    new = city.state / NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    city.logs.mkdir(mode=0o700, exist_ok=True)
    try:
        with Step("检查备份 Reading the backup"):
            manifest = _unpack(file, new)
        with Step("重建数据库 Rebuilding the database"):
            _rebuild(city, new, manifest)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    control.down(city)
    finish_restore(city)
    seconds = control.up(city, None) if ran else None
    return f"  已恢复 Restored ({manifest['made_at']})" + ("" if seconds else ":  ./city up")


def _unpack(file: Path, folder: Path) -> dict[str, object]:
    try:
        with tarfile.open(file, "r:") as tar:
            for entry in tar:
                name = PurePosixPath(entry.name)
                if not entry.isfile() or name.is_absolute() or ".." in name.parts:
                    raise Refusal("备份内容不合规", f"This is not a backup of a city: it holds {entry.name}")
                source = tar.extractfile(entry)
                assert source
                target = folder / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                target.touch(mode=0o600)
                with target.open("wb") as out:
                    shutil.copyfileobj(source, out)
        manifest = json.loads((folder / "manifest.json").read_text())
        known = manifest["format"] == FORMAT and manifest["profile"] in PROFILES
        whole = all((folder / "secrets" / service / "identifier_key").exists() for service in SERVICES)
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(f"无法读取备份 {file}", f"{file} is not a whole backup of a city: {error}") from error
    if not (known and whole and (folder / "database.dump").exists()):
        raise Refusal(f"备份不完整:{file}", f"{file} is not a whole backup of a city")
    return dict(manifest)


def _rebuild(city: City, new: Path, manifest: dict[str, object]) -> None:
    password = (new / "secrets" / "postgres" / "superuser_password").read_text().strip()
    cluster = Cluster(new / "postgres" / "data", socket_folder(new / "s"), {"fsync": "off"})
    cluster.initialise(password)
    with serving(cluster, password, city.logs / "restore.log"):
        server = cluster.conninfo(SUPERUSER, password, "postgres")
        provision.make_database(server, DATABASE)
        provision.give_roles(cluster.conninfo(SUPERUSER, password, DATABASE), {})
        arguments = ["-h", str(cluster.sockets), "-U", SUPERUSER, "-d", DATABASE, "--exit-on-error", "--clean"]
        arguments += ["--if-exists", "--single-transaction", str(new / "database.dump")]
        run_tool("pg_restore", arguments, password=password)
    shutil.rmtree(cluster.sockets, ignore_errors=True)
    (new / "database.dump").unlink()
    (new / "profile").write_text(f"{manifest['profile']}\n")
    (new / "clock").write_text(f"{manifest.get('clock') or 0}\n")
    # The server wrote without waiting for the disk; all of it must be there before the old city moves aside.
    subprocess.run(["sync"], check=False)
    write_whole(new / WHOLE, "")


def reset(city: City, *, sure: bool) -> int:
    """Remove the city and all its data, after a question. Only what a city has is removed, never the folder's rest."""
    if not city.state.exists():
        say("没有可删除的城市 There is no city to remove")
        return 0
    if not sure:
        if not sys.stdin.isatty():
            raise Refusal("删除前须确认:--yes", "This removes all data: say --yes")
        answer = input(f"删除 {city.state} 中的全部数据?Remove all data of this city? (yes/no) ")
        if answer.strip().lower() not in {"yes", "是"}:
            say("未删除 Nothing was removed")
            return 1
    with city.locked():
        control.down(city)
        shutil.rmtree(city.cluster.sockets, ignore_errors=True)
        for name in (*EVERYTHING, *EVERYTHING_ELSE):
            path = city.state / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    with suppress(OSError):
        city.state.rmdir()
    say("已删除 Removed")
    return 0
