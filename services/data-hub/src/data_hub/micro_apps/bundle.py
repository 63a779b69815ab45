"""Opens an uploaded bundle (ZIP) without trusting it: sizes, names, digests and what stands in the files."""

import hashlib
import io
import zipfile
from collections.abc import Mapping

from data_hub.micro_apps.domain import MOST_BYTES, MOST_FILE_BYTES, MOST_FILES, holds_secret, media_type_of
from data_hub.micro_apps.errors import BundleFault


def opened(packed: bytes, promised: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a bundle by path, exactly those that the manifest promised.

    Raises BundleFault: not a ZIP, too big once unpacked (counted while unpacking, not believed), a file too many or
    too few, another content than promised, or something that looks like a secret.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            _same_names(names, promised)
            found: dict[str, bytes] = {}
            for name in names:
                found[name] = _unpacked(archive, name, MOST_BYTES - sum(map(len, found.values())))
    except BundleFault:
        raise
    except Exception as error:  # a broken archive may fail in any way, its decompressors in theirs
        raise BundleFault(("不是可读取的 ZIP 文件", f"Not a ZIP file that can be read: {error}")) from error
    for name, content in found.items():
        _as_promised(name, content, promised[name])
    return found


def _same_names(names: list[str], promised: Mapping[str, str]) -> None:
    if len(names) > MOST_FILES or len(set(names)) != len(names):
        raise BundleFault(("文件过多或重名", f"More than {MOST_FILES} files, or one twice"))
    if odd := sorted(set(names) ^ set(promised))[:5]:
        raise BundleFault((f"与清单不一致:{'、'.join(odd)}", f"Not as in the manifest: {', '.join(odd)}"))


def _unpacked(archive: zipfile.ZipFile, name: str, room: int) -> bytes:
    most = min(MOST_FILE_BYTES, room)
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise BundleFault((f"{name} 过大", f"{name} is too big: 2 MB a file, 5 MB in all"))
    return content


def _as_promised(name: str, content: bytes, digest: str) -> None:
    if hashlib.sha256(content).hexdigest() != digest:
        raise BundleFault((f"{name} 的摘要与清单不符", f"{name} is not the file of the manifest: its SHA-256 differs"))
    if media_type_of(name).startswith(("text/", "application/json")):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BundleFault((f"{name} 不是 UTF-8 文本", f"{name} is not UTF-8")) from error
        if holds_secret(text):
            raise BundleFault(
                (
                    f"{name} 中疑似含有密钥或令牌",
                    f"{name} seems to hold a key or token: in a browser it is nobody's secret",
                )
            )
