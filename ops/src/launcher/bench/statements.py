"""The statements of the measured endpoints, taken from the services at run time, so that both sides run the same SQL.

They are looked up by name: the launcher runs the services and does not depend on their code otherwise.
"""

from importlib import import_module

_ENTITIES = "data_hub.registries.legal_entities.repository"
_INTAKE = "city_ops.cases.intake"
_TOKENS = "citizen_pass.identity.client_tokens"


def _text(module: str, name: str) -> str:
    found = getattr(import_module(module), name)
    if not isinstance(found, str):
        raise TypeError(f"{module}.{name} is not a statement")
    return found


POINT = _text(_ENTITIES, "ONE")
LIST = _text(_ENTITIES, "LIST")
REPORT = _text(_INTAKE, "REPORT")
CLIENT_AND_KEY = _text(_TOKENS, "CLIENT_AND_KEY")
