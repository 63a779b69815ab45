"""Refusals about who may say what."""

from citykit.problems import Conflict, Forbidden


class NotTheSource(Conflict):
    """Another department is the source of this field; the record is as it was."""

    slug = "not-the-source"
    title = ("该项数据由其他数源部门负责", "Another department is the source of this field")

    def __init__(self, source: str) -> None:
        super().__init__((
            f"数源部门为 {source}，请登记为陈述（冲突将由其处理）或提出校核",
            f"Its source is {source}: record a statement, which it decides on, or raise a dispute",
        ))  # fmt: skip
        self.source = source


class StatedForAnother(Forbidden):
    """Whoever states a value states it for the own department, in nobody else's name; the record is as it was."""

    slug = "stated-for-another"
    title = ("只能以本部门名义陈述", "One states values for one's own department only")


class SourceTaken(Conflict):
    """A source is named already that begins on this day or later."""

    slug = "source-taken"
    title = ("该日及之后已有数源部门", "A source is named already from this day or a later one")
