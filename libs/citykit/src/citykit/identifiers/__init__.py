"""Identifiers that national standards own: GB 32100 (firms), GB 11643 (persons), GB/T 2260 (places).

Each module has a frozen value object, `parse` (raises with a machine-readable reason), `valid` and `mask`. All of it
is pure: no table, no file, no network. `checked` makes a pydantic type of a `parse`.
"""

from collections.abc import Callable
from typing import ClassVar, Protocol

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


class IdentifierError(ValueError):
    """A text is not the identifier that it should be.

    `code` is stable and for machines, `zh` and `en` are sentences for people. None of them repeats the text.
    """

    kind: ClassVar[str] = "identifier"

    def __init__(self, reason: str, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.reason, self.zh, self.en = reason, zh, en

    @property
    def code(self) -> str:
        """The reason with the kind of identifier before it, such as `citizen-number.check`."""
        return f"{self.kind}.{self.reason}"


class Identifier(Protocol):
    """What every parsed identifier has: its one canonical spelling."""

    @property
    def code(self) -> str:
        """The spelling to keep and to compare."""
        ...


def checked(parse: Callable[[str], Identifier]) -> AfterValidator:
    """For `Annotated[str, checked(parse)]`: the field becomes the canonical spelling, or an error with our code."""

    def canonical(text: str) -> str:
        try:
            return parse(text).code
        except IdentifierError as refused:
            raise PydanticCustomError(refused.code, "{zh} {en}", {"zh": refused.zh, "en": refused.en}) from refused

    return AfterValidator(canonical)
