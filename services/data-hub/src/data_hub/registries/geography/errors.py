"""Refusals of the layers."""

from citykit.problems import Conflict, Forbidden, Invalid, NotFound, Problem


class NoSuchLayer(NotFound):
    """There is no such layer, or none that the caller may know of."""

    slug = "no-such-layer"
    title = ("没有这个图层", "There is no such layer")


class NoSuchFeature(NotFound):
    """The layer has no feature of that id."""

    slug = "no-such-feature"
    title = ("没有这个要素", "There is no such feature")


class NoSuchVersion(NotFound):
    """The layer has no such version."""

    slug = "no-such-version"
    title = ("没有这个版本", "The layer has no such version")


class NoDepartment(Forbidden):
    """Layers are published by departments: the token names none."""

    slug = "no-publishing-department"
    title = ("只有部门可以发布图层", "Only a department publishes a layer")


class LayerOfAnother(Conflict):
    """The name of the layer belongs to another department."""

    slug = "layer-of-another"
    title = ("该图层由其他部门发布", "The layer is another department's")


class OwnLayer(Conflict):
    """One's own layer is published anew, not disputed."""

    slug = "own-layer"
    title = ("本部门的图层请直接重新发布", "Publish your own layer anew instead of disputing it")


class UnknownColumn(Invalid):
    """The layer has no such column, or none that the caller sees."""

    slug = "no-such-layer-column"
    title = ("图层没有该属性", "The layer has no such column")


class DisputeStillOpen(Conflict):
    """The department has an open ticket about this value already."""

    slug = "layer-dispute-open"
    title = ("本部门对该项已有待处理的校核申请", "Your department's dispute of this value is still open")


class NoSuchDispute(NotFound):
    """There is no such ticket, or it is not the caller's to see or to decide."""

    slug = "no-such-layer-dispute"
    title = ("没有该图层校核事项", "There is no such ticket about a layer")


class DisputeDecided(Conflict):
    """The ticket is not open any more."""

    slug = "layer-dispute-decided"
    title = ("该图层校核事项已办结", "The ticket is not open any more")


class NothingClaimed(Invalid):
    """Nobody says what the right value is."""

    slug = "nothing-claimed"
    title = ("申请未提出更正值,请填写", "The claim names no value: give one")


class NoSuchNotice(NotFound):
    """There is no such notice to the caller's department."""

    slug = "no-such-layer-notice"
    title = ("没有该图层通知", "There is no such notice about a layer")


class BadFeatures(Invalid):
    """Features cannot be published as they are; `errors` names each by its number, counted from one."""

    slug = "bad-features"
    title = ("要素数据不合规", "Features are not fit to be published")


class NotOpened(Invalid):
    """A layer cannot be seen by more people than the data that it is made of."""

    slug = "not-opened"
    title = ("图层的公开范围超出了数据资源的共享开放属性", "The layer would show more than its resource allows")


class BadParameter(Problem):
    """A parameter of an OGC API is wrong; the standards ask for 400."""

    status = 400
    slug = "bad-parameter"
    title = ("请求参数有误", "A parameter is wrong")


class BadFilter(Problem):
    """The filter is no CQL2 that this collection understands, or it is too large."""

    status = 400
    slug = "bad-filter"
    title = ("过滤条件有误", "The filter is wrong")


class NoSuchTile(NotFound):
    """The tile lies outside the tile matrix set."""

    slug = "no-such-tile"
    title = ("没有这个瓦片", "There is no such tile")
