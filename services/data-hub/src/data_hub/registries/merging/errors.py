"""Refusals of mergers."""

from citykit.problems import Bilingual, Conflict, Invalid, NotFound

VALUES: Bilingual = ("保留记录的数据此后已有变更", "The survivor's values were changed since")
RELATIONS: Bilingual = ("保留记录的监护关系此后已有变更", "The survivor's relations were changed since")
MERGED: Bilingual = (
    "保留记录此后也已合并，请先撤销那一次合并",
    "The survivor was merged itself since: undo that merger first",
)


class SameRecord(Invalid):
    """A record cannot be merged into itself."""

    slug = "same-record"
    title = ("不能将记录合并入自身", "A record cannot be merged into itself")


class NoSuchMerger(NotFound):
    """There is no such merger."""

    slug = "no-such-merger"
    title = ("没有该合并事项", "There is no such merger")


class MergerUndone(Conflict):
    """The merger was undone before."""

    slug = "merger-undone"
    title = ("该合并已撤销", "The merger was undone before")


class ChangedSince(Conflict):
    """The survivor is not what it was by the merger; the detail says in what. Correct what is wrong value by value."""

    slug = "changed-since"
    title = (
        "合并后已有变更，不能撤销，请逐项更正",
        "Changed since the merger, which cannot be undone: correct it by values",
    )
