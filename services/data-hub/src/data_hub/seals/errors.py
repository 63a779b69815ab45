"""Refusals of seals, and what the slices hear when a signature does not hold."""

from citykit.problems import Unavailable


class SealsMissing(Unavailable):
    """The deployment gave no seal: nothing can be signed or checked."""

    slug = "seals-missing"
    title = ("尚未配置电子印章", "No electronic seal is set up")


class SealBroken(Exception):
    """What was handed in is not, or no longer, what the seal signed. `code` says which check failed first."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
