"""Refusals of the macro-economy registry."""

from typing import ClassVar

from citykit.problems import Bilingual, Conflict, FieldError, Forbidden, Invalid, NotFound, Problem


class NoIndicator(NotFound):
    """There is no indicator of this code."""

    slug = "no-indicator"
    title = ("没有该指标", "There is no such indicator")


class NoStructure(NotFound):
    """There is no such flow, data structure, code list or concept scheme."""

    slug = "no-statistical-structure"
    title = ("没有该统计结构", "There is no such statistical structure")


class StructureExists(Conflict):
    """An artefact of this agency, id and version is there; a change is a new version."""

    slug = "statistical-structure-exists"
    title = ("该版本已存在，修改请使用新版本号", "This version exists; a change is a new version")


class IndicatorExists(Conflict):
    """The indicator is defined already."""

    slug = "indicator-exists"
    title = ("该指标已定义", "The indicator is defined already")


class BadStructure(Invalid):
    """A structure that refers to what is not there, or contradicts itself."""

    slug = "bad-statistical-structure"
    title = ("统计结构不合规", "The statistical structure is wrong")


class BadObservations(Invalid):
    """Observations that do not fit their structure; nothing of the release was taken."""

    slug = "bad-observations"
    title = ("观测值不符合数据结构，整批未入库", "The observations do not fit the structure; nothing was taken")


class ReleaseUsedOtherwise(Conflict):
    """The release came before with other content."""

    slug = "release-used-otherwise"
    title = ("该发布编号已用于其他内容", "This release id was used for other content")


class RevisionNeedsReason(Conflict):
    """The release changes published values and does not say why."""

    slug = "revision-needs-reason"
    title = ("修订已发布数据须说明原因", "A revision of published values needs a reason")


class NotTheSource(Forbidden):
    """Another department states this indicator: one value has one source."""

    slug = "not-the-indicator-source"
    title = ("不是该指标的数源部门", "Another department is the source of this indicator")


class SdmxRefusal(Problem):
    """A refusal in the words of SDMX: a status, and with it the standard's code. As such, a syntax error."""

    status = 400
    slug = "sdmx-syntax"
    title = ("查询语句有误", "The query is not well-formed")
    sdmx: ClassVar[int] = 140

    def __init__(self, detail: Bilingual, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail, headers=headers, sdmx_code=self.sdmx)


class SdmxNoResults(SdmxRefusal):
    """Nothing answers the query."""

    status = 404
    slug = "sdmx-no-results"
    title = ("没有符合条件的结果", "No results found")
    sdmx = 100


class SdmxSemantic(SdmxRefusal):
    """A query that is well-formed and makes no sense for this structure."""

    status = 403
    slug = "sdmx-semantic"
    title = ("查询与数据结构不符", "The query does not fit the data structure")
    sdmx = 150


class SdmxNotAcceptable(SdmxRefusal):
    """No form of the answer is acceptable to the reader."""

    status = 406
    slug = "sdmx-not-acceptable"
    title = ("没有可接受的格式", "None of the forms is acceptable")


class SdmxTooLarge(SdmxRefusal):
    """More than one answer may hold."""

    status = 413
    slug = "sdmx-too-large"
    title = ("结果超出服务上限，请缩小范围", "The answer is larger than the service gives; ask for less")
    sdmx = 510


def wrong(pointer: str, code: str, said: Bilingual) -> FieldError:
    """One wrong field, said in both languages."""
    return FieldError(pointer=pointer, code=code, message=f"{said[0]} {said[1]}")
