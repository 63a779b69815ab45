"""Refusals of the legal-entity registry."""

from citykit.problems import Conflict, Invalid, NotFound


class NoSuchEntity(NotFound):
    """The registry has no entity of this code; one that ceased would still be here."""

    slug = "no-such-legal-entity"
    title = ("法人库中没有该主体", "The registry has no such legal entity")


class EntityExists(Conflict):
    """The code is registered already."""

    slug = "legal-entity-exists"
    title = ("该统一社会信用代码已登记", "This unified social credit code is registered already")


class EntityStateProblem(Conflict):
    """The state of the entity does not allow this act."""

    slug = "legal-entity-state"
    title = ("主体状态不允许此操作", "The state of the legal entity does not allow this act")


class UnknownRepresentative(Invalid):
    """The representative's number is not in the population registry."""

    slug = "unknown-representative"
    title = ("人口库中没有该法定代表人", "The population registry does not have this representative")


class NothingToMatch(Invalid):
    """Neither a code nor a name was given."""

    slug = "nothing-to-match"
    title = ("请给出统一社会信用代码或名称", "Give a unified social credit code or a name")
