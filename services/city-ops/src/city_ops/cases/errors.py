"""Refusals of this slice."""

from citykit.problems import Conflict, Forbidden, Invalid


class CaseStateProblem(Conflict):
    """The state of the case does not allow the act."""

    slug = "case-state"
    title = ("案件状态不允许此操作", "The state of the case does not allow this act")


class OwnWork(Forbidden):
    """Who handled a case may neither verify nor close it."""

    slug = "own-work"
    title = ("处置人不得核查、办结本人处置的案件", "Who handled a case may not verify or close it")


class OtherDepartment(Forbidden):
    """The case lies with another department."""

    slug = "other-department"
    title = ("该事项不属于本部门", "The matter lies with another department")


class UnknownDepartment(Invalid):
    """There is no such department."""

    slug = "unknown-department"
    title = ("部门不存在", "There is no such department")


class UnknownClass(Invalid):
    """The classification in force has no such class or no such filing condition."""

    slug = "unknown-class"
    title = ("案件类别或立案条件不存在", "There is no such class or filing condition")


class PhotosRefused(Invalid):
    """A named photo is not there, is somebody else's, or belongs to a case already."""

    slug = "photos-refused"
    title = ("照片不可用", "A photo cannot be used")


class NotAPhoto(Invalid):
    """The upload is not a photo that the city takes: JPEG, PNG or WebP, one still picture, within the bounds."""

    slug = "not-a-photo"
    title = ("无法识别的照片", "Not a photo that can be taken")


class ExtensionAsked(Conflict):
    """An extension was asked for already and not decided."""

    slug = "extension-asked"
    title = ("已有待审批的延期申请", "An extension was asked for and is not decided yet")


class NoExtensionAsked(Conflict):
    """No extension waits for a decision."""

    slug = "no-extension-asked"
    title = ("没有待审批的延期申请", "No extension waits for a decision")
