"""The pages of the check, written out: the form, and the verdict in a sign, a word and a sentence, not in colour."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from citykit.clock import CHINA
from data_hub.licences.forms import VERIFICATION_PATH
from data_hub.licences.schemas import MOST_DOCUMENT, Verification
from data_hub.seals.binding import Binding

Pair = tuple[str, str]
ONE_OF_BOTH: Pair = ("请选择一个文件，或粘贴一段文本，二者取一。", "Choose a file or paste a text: one of the two.")
TOO_LARGE: Pair = (
    f"文件过大：最多 {MOST_DOCUMENT // 1_000_000} MB。电子证照的原文件不会这样大，请提交原文件。",
    f"Too large: at most {MOST_DOCUMENT // 1_000_000} MB. No licence is as large; hand in the file as it was issued.",
)
_LONGEST_VALUE = 500
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sign:
    """How a verdict is shown: the kind of its frame, a sign that is told apart in black and white, and words."""

    kind: str
    mark: str
    said: Pair
    advice: Pair


_GOOD = Sign(
    "good", "✔", ("真实有效", "GENUINE, IN FORCE"),
    ("请核对下列内容与您看到的证照、持证人一致。", "Compare what follows with the licence and the holder before you."),
)  # fmt: skip
_IDLE = Sign(
    "idle", "!", ("真实，但现在不能使用", "GENUINE, NOT IN FORCE"),
    ("请勿凭此办理。", "Do not act on it."),
)  # fmt: skip
_STALE = Sign(
    "idle", "!", ("已过时，不能作准", "TOO OLD TO RELY ON"),
    ("请持证人当面重新出示二维码。", "Ask the holder to show a new code."),
)  # fmt: skip
_BAD = Sign(
    "bad", "✘", ("不能认定为真", "NOT GENUINE"),
    ("请勿凭此办理；如有疑问，请向发证机关核实。", "Do not act on it; in doubt ask the issuing authority."),
)  # fmt: skip
_NONE = Sign(
    "none", "?", ("无法核验", "CANNOT BE CHECKED"),
    (
        "请提交原 PDF 或 OFD 文件（照片、截图、扫描件不行），或完整的凭证文本、二维码文本或网址。",
        "Hand in the PDF or OFD as it was issued, not a photograph or a scan; or the whole text or address of a code.",
    ),
)  # fmt: skip
_SIGNS = {
    "valid": _GOOD, "stale": _STALE, "unreadable": _NONE, "tampered": _BAD, "foreign": _BAD, "unknown": _BAD,
}  # fmt: skip
_FORMS: dict[str, Pair] = {
    "pdf": ("PDF 文件", "PDF file"), "ofd": ("OFD 文件", "OFD file"), "qr": ("二维码", "QR code"),
    "sd-jwt-vc": ("可验证凭证", "Verifiable credential"),
}  # fmt: skip
_BOUND: dict[Binding, Pair] = {
    Binding.proven: ("已证明", "Proven"),
    Binding.unproven: ("未证明：复制件同样如此，请核对持证人", "Not proven: a copy shows the same; look at the holder"),
    Binding.unbound: ("未绑定：请核对持证人", "None: look at the holder"),
}
_TITLES = {
    "holder_name": "持证主体", "holder_number": "证件号码", "issuing_authority": "发证机关",
    "date_of_validity": "生效日期", "paper_number": "纸质证照编号",
}  # fmt: skip


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals |= {"base": VERIFICATION_PATH, "most": MOST_DOCUMENT // 1_000_000, "script": _script()}
    return made


@cache
def _script() -> str:
    return (_HERE / "static" / "scanned.js").read_text("utf-8")


def script_hash() -> str:
    """The script of the pages as a source of a content policy (CSP Level 3, section 8.4)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()


def form(wrong: Pair | None = None) -> str:
    """The page to hand a form of a licence in; `wrong` says why the last try was none."""
    return _environment().get_template("form.html").render(wrong=wrong)


def sign_of(verdict: str) -> Sign:
    """How a verdict of the check is shown; whatever is neither good nor bad is not in force."""
    return _SIGNS.get(verdict, _IDLE)


def verdict(told: Verification, titles: Mapping[str, str]) -> str:
    """The page of a verdict; `titles` names the fields of the licence's type."""
    shown = [(titles.get(name) or _TITLES.get(name, name), _text(value)) for name, value in told.shown.items()]
    return _environment().get_template("verdict.html").render(
        told=told, sign=sign_of(told.verdict), form=_FORMS.get(told.form), shown=shown, when=_when,
        bound=_BOUND[told.holder_binding] if told.holder_binding else None,
    )  # fmt: skip


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:_LONGEST_VALUE]


def _when(time: datetime) -> str:
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
