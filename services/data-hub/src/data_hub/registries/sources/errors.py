"""Refusals about who may say what."""

from collections.abc import Collection, Mapping, Sequence

from citykit.problems import Conflict, FieldError, Forbidden


class NotTheSource(Conflict):
    """Another department is the source of this field; the record is as it was."""

    slug = "not-the-source"
    title = ("该项数据由其他数源部门负责", "Another department is the source of this field")

    def __init__(self, source: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__((
            f"数源部门为 {source}，请登记为陈述（冲突将由其处理）或提出校核",
            f"Its source is {source}: record a statement, which it decides on, or raise a dispute",
        ), errors=errors)  # fmt: skip
        self.source = source

    @classmethod
    def of_new(cls, sources: Mapping[str, str], implied: Collection[str]) -> "NotTheSource":
        """A record would begin with values of these fields, which other departments are the sources of.

        Nothing was registered; `errors` names each field. The `implied` ones stand in no field of the request.
        """
        departments = sorted(set(sources.values()))
        said = [
            FieldError.both(
                "/body" if field in implied else f"/body/{field}", cls.slug,
                (f"{field} 的数源部门为 {source}", f"The source of {field} is {source}"),
            )
            for field, source in sorted(sources.items())
        ]  # fmt: skip
        refused = cls(departments[0], said)
        refused.detail = (
            f"数源部门为 {'、'.join(departments)}：请由其登记；非必填的项也可先不填，登记后作为陈述提出",
            f"Registered by the source, {', '.join(departments)}; or leave out what is optional, and state it later",
        )
        return refused


class StatedForAnother(Forbidden):
    """Whoever states a value states it for the own department, in nobody else's name; the record is as it was."""

    slug = "stated-for-another"
    title = ("只能以本部门名义陈述", "One states values for one's own department only")


class SourceTaken(Conflict):
    """A source is named already that begins on this day or later."""

    slug = "source-taken"
    title = ("该日及之后已有数源部门", "A source is named already from this day or a later one")
