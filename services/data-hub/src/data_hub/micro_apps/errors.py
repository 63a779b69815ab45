"""Refusals of micro-apps."""

from citykit.problems import Conflict, Forbidden, Invalid, Problem


class AppExists(Conflict):
    """The app id is taken."""

    slug = "app-exists"
    title = ("该应用标识已被登记", "The app id is taken")


class AppStateProblem(Conflict):
    """The state of the app or version does not allow this act."""

    slug = "app-state"
    title = ("应用或版本的状态不允许此操作", "The state of the app or version does not allow this act")


class VersionNotRising(Conflict):
    """A version code must be higher than every one before."""

    slug = "version-not-rising"
    title = ("版本号必须大于已有版本", "The version code must be higher than every one before")


class ManifestFault(Invalid):
    """The manifest contradicts itself or the rules of the city."""

    slug = "manifest-fault"
    title = ("应用清单不合规", "The manifest does not hold to the rules")


class BundleFault(Invalid):
    """The uploaded files are not those of the manifest, or may not be served."""

    slug = "bundle-fault"
    title = ("应用包与清单不符或含有不允许的内容", "The bundle differs from the manifest or holds what it may not")


class OwnSubmission(Forbidden):
    """Nobody reviews what she has sent in herself."""

    slug = "own-submission"
    title = ("不得审核本人提交的版本", "Nobody reviews her own submission")


class AppClosed(Problem):
    """The app is suspended or retired; its page says so and its files are not served."""

    status = 410
    slug = "app-closed"
    title = ("该应用已暂停或下架", "The app is suspended or retired")
