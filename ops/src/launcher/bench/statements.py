"""The statements of the measured endpoints, taken from the services at run time, so that both sides run the same SQL.

They are looked up by name: the launcher runs the services and does not depend on their code otherwise.
"""

from importlib import import_module
from typing import Any

_ENTITIES = "data_hub.registries.legal_entities.repository"
_MATCHING = "data_hub.registries.legal_entities.matching"
_DIRECTORY = "data_hub.resources.repository"
_INTAKE = "city_ops.cases.intake"
_TOKENS = "citizen_pass.identity.client_tokens"


def _text(module: str, name: str) -> str:
    found = getattr(import_module(module), name)
    if not isinstance(found, str):
        raise TypeError(f"{module}.{name} is not a statement")
    return found


PAGE = 20
POINT = _text(_ENTITIES, "ONE")
LIST = _text(_ENTITIES, "LIST")
MATCH = _text(_MATCHING, "BY_NAME")
REPORT = _text(_INTAKE, "REPORT")
CLIENT_AND_KEY = _text(_TOKENS, "CLIENT_AND_KEY")


def match_values(name: str) -> dict[str, Any]:
    """What the statement of a match wants for a name: the same tokens that the service looks for."""
    entities, tokens = (import_module(f"data_hub.registries.matching.{module}") for module in ("entities", "tokens"))
    key = import_module("data_hub.bigrams").search_key(name)
    exact, fuzzy = (sorted(map(tokens.token, words(key))) for words in (entities.exact_words, entities.fuzzy_words))
    return {"exact": exact, "fuzzy": fuzzy, "bound": import_module(_MATCHING).BOUND + 1}


def _searched(word: str) -> Any:
    dialect = import_module("sqlalchemy.dialects.postgresql.psycopg").dialect()
    return import_module(_DIRECTORY).opened_search(word, limit=PAGE + 1).compile(dialect=dialect)


def search_values(word: str) -> dict[str, Any]:
    """What the statement of a search in the opened directory wants for a word of two characters or more."""
    return dict(_searched(word).params)


SEARCH = str(_searched("空气"))
