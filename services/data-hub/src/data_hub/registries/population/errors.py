"""Refusals of the population registry."""

from citykit.problems import Conflict, Invalid, NotFound


class NoSuchPerson(NotFound):
    """The registry has no such person."""

    slug = "no-such-person"
    title = ("人口库中没有此人", "The registry has no such person")


class PersonExists(Conflict):
    """Another record carries this identification number."""

    slug = "person-exists"
    title = ("该公民身份号码已登记", "This identification number is registered already")


SAME_PERSON = (
    "该号码由另一条记录持有；如两条记录属于同一人，请办理合并，不要更正号码",
    "Another record carries this number: where both are one person's, merge them instead of correcting it",
)


class PersonStateProblem(Conflict):
    """The state of the person does not allow this act."""

    slug = "person-state"
    title = ("人员状态不允许此操作", "The state of the person does not allow this act")


class RelationProblem(Invalid):
    """The relation cannot be: with oneself, with a minor as guardian, or with an adult as ward."""

    slug = "relation"
    title = ("关系不成立", "This relation cannot be")


class NoSuchRelation(NotFound):
    """The person is not this to the other one today."""

    slug = "no-such-relation"
    title = ("没有该存续中的关系", "There is no such relation today")


class NothingToSearch(Invalid):
    """A search of persons names neither a number nor a name."""

    slug = "nothing-to-search"
    title = ("请填写公民身份号码或姓名", "Give an identification number or a name")
