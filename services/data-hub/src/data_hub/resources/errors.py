"""Refusals of the directory."""

from citykit.problems import Conflict, Forbidden, Invalid, NotFound


class NoResource(NotFound):
    """The directory has no such resource, or none that the caller may know of."""

    slug = "no-resource"
    title = ("目录中没有该数据资源", "The directory has no such resource")


class WithdrawnResource(NoResource):
    """The resource was withdrawn: it stands in the directory, and nothing is done with its rows."""

    status = 409
    slug = "resource-withdrawn"
    title = ("该数据资源已撤销", "The resource has been withdrawn")


class ResourceExists(Conflict):
    """The code is taken."""

    slug = "resource-exists"
    title = ("该资源代码已登记", "This resource code is taken")


class ResourceStateProblem(Conflict):
    """The state of the resource does not allow the act."""

    slug = "resource-state"
    title = ("资源状态不允许此操作", "The state of the resource does not allow this act")


class BadDescription(Invalid):
    """Fields of the description do not fit one another; `errors` names each."""

    slug = "bad-description"
    title = ("目录信息不合规", "The description does not keep the rules")


class NotTheProvider(Forbidden):
    """Only the department that provides a resource describes it."""

    slug = "not-the-provider"
    title = ("只有提供部门可以编目", "Only the providing department describes a resource")


class OwnWork(Forbidden):
    """Who wrote or submitted a description does not review it."""

    slug = "own-work"
    title = ("编目人不能审核自己的目录", "Nobody reviews her own description")


class SourceConflict(Conflict):
    """Another published resource claims to be the source of the same data; `conflicts` names them."""

    slug = "source-conflict"
    title = ("与已发布资源的数源冲突", "Another resource claims to be the source of this data")


class DirectoryFull(Conflict):
    """Every sequence number of the directory entry is taken."""

    slug = "directory-full"
    title = ("该目录下的序号已用完", "The directory entry has no number left")


class RowsBusy(Conflict):
    """Rows of the resource are being loaded, and nobody changes what they must be meanwhile: try again later."""

    slug = "rows-busy"
    title = ("该资源的数据正在入库，请稍后再审核", "Rows of the resource are being loaded: review it a little later")
