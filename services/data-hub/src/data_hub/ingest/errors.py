"""Refusals of gathering."""

from citykit.problems import Conflict, Forbidden, Invalid, NotFound


class NotTheSource(Forbidden):
    """Only the department that the directory names as the source of a resource brings its data."""

    slug = "not-the-resource-source"
    title = ("只有数源部门可以归集该资源", "Only the source department brings the data of a resource")


class NotYourLineage(Forbidden):
    """Of a resource's lineage its source department tells, and the bureau; of its being read, who was granted it."""

    slug = "lineage-of-another"
    title = ("只能上报本部门资源的血缘", "Only the source department tells of the lineage of a resource")


class NoSuchBatch(NotFound):
    """There is no such batch of this resource, or none of the caller's department."""

    slug = "no-such-batch"
    title = ("没有该批次", "There is no such batch")


class BatchDiffers(Conflict):
    """The batch id is known, and was declared otherwise."""

    slug = "batch-differs"
    title = ("该批次号已用于其他内容", "The batch id was used for something else")


class BatchStateProblem(Conflict):
    """The state of the batch does not allow the act."""

    slug = "batch-state"
    title = ("批次状态不允许此操作", "The state of the batch does not allow this act")


class PartProblem(Invalid):
    """A part is not what it says of itself, or parts are missing."""

    slug = "part"
    title = ("分片有误", "A part is wrong or missing")


class BadDeclaration(Invalid):
    """What was declared of a batch or a source does not fit the resource; `errors` names each field."""

    slug = "bad-declaration"
    title = ("批次声明不合规", "The declaration does not fit the resource")


class RowStateProblem(Conflict):
    """The row is not in quarantine any more."""

    slug = "row-state"
    title = ("该行已处理", "The row is settled")


class TicketStateProblem(Conflict):
    """The state of the ticket does not allow the act."""

    slug = "quality-ticket-state"
    title = ("工单状态不允许此操作", "The state of the ticket does not allow this act")


class NoSuchSource(NotFound):
    """There is no such source of this resource, or none of the caller's department."""

    slug = "no-such-source"
    title = ("没有该数据源", "There is no such source")


class SourcePaused(Conflict):
    """A paused source is not pulled."""

    slug = "source-paused"
    title = ("数据源已停用", "The source is paused")
