"""Licences that are entered from paper 存量证照: one at a time carries the number that a paper of its issuer has."""

from collections.abc import Iterable

from sqlalchemy import select

from citykit.work import Work
from data_hub.licences.domain import Status
from data_hub.licences.models import LicenceRow, TypeRow
from data_hub.licences.writing import paper_index_of

LONGEST = 60  # characters


class Papers:
    """Which numbers are taken, by licences of a type and by the rows of a file so far.

    Of two files at once the index of the table decides: the later part is tried again, and finds them taken.
    """

    def __init__(self, work: Work, kind: TypeRow, taken: set[bytes]) -> None:
        self._vault, self._kind, self._taken = work.vault, kind, taken

    @classmethod
    async def of(cls, work: Work, kind: TypeRow, issuer: str, numbers: Iterable[str]) -> "Papers":
        """Look which of these numbers are taken."""
        asked = {paper_index_of(work.vault, kind, number) for number in numbers if number}
        if not asked:
            return cls(work, kind, set())
        found = select(LicenceRow.paper_index).where(
            LicenceRow.type_code == kind.code, LicenceRow.issuer == issuer, LicenceRow.paper_index.in_(asked),
            LicenceRow.status.in_((Status.valid, Status.suspended)),
        )  # fmt: skip
        return cls(work, kind, {bytes(index) for index in await work.session.scalars(found) if index is not None})

    def fault(self, number: str | None) -> str | None:
        """What is wrong with the number of a paper: stock, where the type takes none; length; taken."""
        if number is None:
            return None
        if not self._kind.stock:
            return "stock"
        if len(number) > LONGEST:
            return "length"
        return "taken" if paper_index_of(self._vault, self._kind, number) in self._taken else None

    def take(self, number: str | None) -> None:
        """Keep that a row takes the number."""
        if number is not None:
            self._taken.add(paper_index_of(self._vault, self._kind, number))
