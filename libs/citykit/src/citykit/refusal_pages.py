"""A refusal as a page, for a person who typed an address or sent a form: what a program is told, in words.

The page needs nothing but itself: no script, no file, no picture. Its style is named to the browser by its hash, so
that the gateway's policy for data, which lets nothing else in, lets it in. It repeats nothing of the address.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from string import Template

Bilingual = tuple[str, str]

STYLE = (
    ":root{color-scheme:light dark;--ink:#1b2430;--paper:#fff;--quiet:#55606e;--line:#d5dbe2;--accent:#0b5cad}"
    "@media(prefers-color-scheme:dark){"
    ":root{--ink:#e6ebf1;--paper:#12181f;--quiet:#a3afbd;--line:#2d3844;--accent:#7db6f0}}"
    "*{box-sizing:border-box}"
    "body{margin:0;color:var(--ink);background:var(--paper);overflow-wrap:anywhere;"
    'font:1rem/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}'
    "main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem}"
    "h1{font-size:1.5rem;line-height:1.3;margin:.25rem 0 1rem}p,ul{margin:.5rem 0}ul{padding-left:1.25rem}"
    "[lang=en]{color:var(--quiet);font-size:.9em}h1 [lang=en],.said [lang=en]{display:block}"
    ".status,.type{color:var(--quiet)}"
    ".type{border-top:1px solid var(--line);margin-top:2rem;padding-top:.5rem;font-size:.9rem}"
    "a{color:var(--accent);display:inline-block;padding:.5rem 0}"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:2px}"
)
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
_PAGE = Template(
    '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    "<title>$title · 智慧衡水</title><style>$style</style></head>\n"
    '<body><main><p class="status">$status</p><h1>$heading</h1>\n$said$faults$onward'
    '<p><a href="/">回到首页 <span lang="en">Home page</span></a></p>\n'
    '<p class="type">供程序识别 <span lang="en">For programs</span> <code>$type</code></p></main></body></html>\n'
)
_MEND = ("请返回上一页，按提示修改后再试。", "Go back, mend what is named here and try again.")
_LATER = ("请稍后再试。", "Please try again a little later.")
_HOME = ("请从首页重新进入。", "Start again from the home page.")
_ONWARD: dict[int, Bilingual] = {
    400: _MEND,
    401: (
        "该地址须登录后使用。请从首页登录；程序请随请求带上访问令牌。",
        "This address is for those who signed in. Sign in from the home page; a program sends an access token.",
    ),
    403: ("如确有需要，请向主管部门申请权限。", "Where you need it, ask the department in charge for the right."),
    404: ("请核对地址是否写错，或从首页重新查找。", "Check the address, or look again from the home page."),
    405: (
        "该地址只供程序按接口文档调用，不能直接打开。",
        "This address is not one to open by hand: programs call it as the API page says.",
    ),
    409: ("请返回上一页，刷新后再试。", "Go back, load the page anew and try again."),
    410: ("该内容已停止提供，请从首页查找其他服务。", "This is not offered any more; see what else there is."),
    413: ("请返回上一页，换一个较小的文件再试。", "Go back and try with a smaller file."),
    415: ("请返回上一页，换一种文件再试。", "Go back and try with another kind of file."),
    422: _MEND,
    500: ("问题出在我们这边，请稍后再试。", "The fault is ours. Please try again a little later."),
}
_MOST_FAULTS, _LONGEST_POINTER = 20, 60


def prefers_page(accept: str | None) -> bool:
    """Whether an Accept header (RFC 9110 §12.5.1) wants HTML more than JSON: a browser that shows it to a person.

    `text/html` must be named: whoever takes anything is a program. So is who names `image/gif` beside it, which is what
    Java's own client says of itself whatever it is used for.
    """
    ranges = dict(_weighed(part) for part in (accept or "")[:4000].lower().split(","))
    page = ranges.get("text/html", 0.0)
    named = [weight for media, weight in ranges.items() if media.endswith("json")]
    data = max(named, default=ranges.get("application/*", ranges.get("*/*", 0.0)))
    return page > data and "image/gif" not in ranges


def _weighed(part: str) -> tuple[str, float]:
    media, *parameters = (one.strip() for one in part.split(";"))
    weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        value = float(weight)
    except ValueError:
        value = 0.0
    return media, value if 0 <= value <= 1 else 0.0


def written(
    *,
    status: int,
    slug: str,
    title: Bilingual,
    detail: Bilingual | str | None,
    faults: Sequence[tuple[str, Bilingual]],
    retry_after: str | None,
) -> str:
    """The page of a refusal, all of it escaped; `faults` are (where, what) pairs, `retry_after` a header's value."""
    said = (detail, "") if isinstance(detail, str) else detail
    onward = _ONWARD.get(status, _LATER if status in {429, 502, 503, 504} else _HOME)
    if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
        onward = (f"请在 {int(retry_after)} 秒后再试。", f"Please try again in {int(retry_after)} s.")
    return _PAGE.substitute(
        title=escape(title[0]), style=STYLE, status=status, heading=_both(title), type=escape(f"/problems/{slug}"),
        said=_paragraph(said) if said else "", faults=_list(faults), onward=_paragraph(onward),
    )  # fmt: skip


def _both(said: Bilingual) -> str:
    return escape(said[0]) + (f' <span lang="en">{escape(said[1])}</span>' if said[1] else "")


def _paragraph(said: Bilingual) -> str:
    return f'<p class="said">{_both(said)}</p>\n'


def _list(faults: Sequence[tuple[str, Bilingual]]) -> str:
    if not faults:
        return ""
    lines = (
        f"<li><bdi><code>{escape(where[:_LONGEST_POINTER])}</code></bdi> <bdi>{_both(what)}</bdi></li>"
        for where, what in faults[:_MOST_FAULTS]
    )
    return f"<ul>{''.join(lines)}</ul>\n"
