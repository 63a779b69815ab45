"""Which language a page speaks: as chosen by the switch, else as the browser asks, Chinese where it says nothing."""

from starlette.requests import Request

from citykit.problems import reads_english

LANGUAGE_COOKIE = "city_language"
LANGUAGES = ("zh", "en")


def chosen_language(request: Request) -> str:
    """`zh` or `en`."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    if asked in LANGUAGES:
        return asked
    return "en" if reads_english(request.headers.get("accept-language")) else "zh"
