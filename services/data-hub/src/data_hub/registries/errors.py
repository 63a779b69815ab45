"""Refusals that both registries share."""

from citykit.problems import Conflict, FieldError, Invalid, Problem


class RecordMerged(Problem):
    """The record was merged into another one of the same person or firm; `survivor` is the one to ask for.

    Its history stays readable under its own number; what is to be done is done to the survivor.
    """

    status = 410
    slug = "record-merged"
    title = ("该记录已合并入另一记录", "The record was merged into another one")

    def __init__(self, survivor: str) -> None:
        super().__init__((f"请查阅 {survivor}", f"Ask for {survivor}"), survivor=survivor)
        self.survivor = survivor


class Stale(Conflict):
    """The record changed since the caller read it."""

    slug = "stale-version"
    title = ("记录已被他人修改，请刷新后重试", "The record has changed since you read it")


class BadValue(Invalid):
    """A value does not fit its field."""

    slug = "bad-value"
    title = ("字段内容不符合要求", "The value does not fit the field")

    def __init__(self, pointer: str, code: str, message: str) -> None:
        super().__init__(errors=[FieldError(pointer=pointer, code=code, message=message)])


class UnknownPurpose(Invalid):
    """The purpose is not in the list of purposes, or is no longer in force."""

    slug = "unknown-purpose"
    title = ("使用目的不在目录中", "The purpose is not in the list of purposes")


class BeyondPurpose(Invalid):
    """The purpose does not cover what is asked for; nothing was read."""

    slug = "beyond-purpose"
    title = ("超出使用目的允许的范围", "The purpose does not cover this")


class BadPeriod(Invalid):
    """The days of a value are impossible: none at all, or not yet begun."""

    slug = "bad-period"
    title = ("生效时间有误", "The days in which the value is true are impossible")
