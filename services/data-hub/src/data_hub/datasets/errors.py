"""Why a data set refuses."""

from citykit.problems import Problem


class NoDataset(Problem):
    """The resource is known, its rows are not here."""

    status = 404
    slug = "no-dataset"
    title = ("该数据资源没有归集的数据", "The resource has no rows here")


class BadShape(Problem):
    """The information items do not make a table."""

    status = 422
    slug = "bad-shape"
    title = ("数据项结构不合规", "The information items do not make a table")


class ShapeInUse(Problem):
    """Types and keys of a data set that holds rows stay as they are."""

    status = 409
    slug = "shape-in-use"
    title = ("已有数据,不能更改数据项类型或主键", "Types and keys stay as they are while there are rows")
