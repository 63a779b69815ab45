"""Refusals of this slice."""

from citykit.problems import Conflict, Forbidden, Invalid, NotFound


class DepartmentExists(Conflict):
    """The code belongs to a department that is known already."""

    slug = "department-exists"
    title = ("该单位已存在", "This department exists already")


class DepartmentInUse(Conflict):
    """Somebody serves in it, or a clause names it, after the day it would close."""

    slug = "department-in-use"
    title = ("该单位仍有任职人员或权责事项", "Appointments or responsibilities still name this department")


class UnknownDepartment(Invalid):
    """No department of that code exists on that day."""

    slug = "unknown-department"
    title = ("没有该单位", "There is no such department")


class UnknownPost(Invalid):
    """The department has no such post."""

    slug = "unknown-post"
    title = ("该单位没有该岗位", "The department has no such post")


class PostExists(Conflict):
    """The department has a post of that code."""

    slug = "post-exists"
    title = ("该岗位已存在", "This post exists already")


class AppointmentOverlaps(Conflict):
    """The person serves in that post on some of those days already."""

    slug = "appointment-overlaps"
    title = ("该人员在此期间已任该岗位", "The person serves in this post in that time already")


class AppointmentEnded(Conflict):
    """The appointment has ended before."""

    slug = "appointment-ended"
    title = ("该任职已结束", "The appointment has ended already")


class OwnAppointment(Forbidden):
    """Nobody gives rights to herself."""

    slug = "own-appointment"
    title = ("不能为本人办理任职", "You may not appoint yourself")


class SecondLead(Conflict):
    """Another department leads for this matter and area on some of those days."""

    slug = "second-lead"
    title = ("同一事项同一区域在此期间已有主办单位", "Another department leads for this matter and area in that time")


class ResponsibilityEnded(Conflict):
    """The clause ends on that day or earlier already."""

    slug = "responsibility-ended"
    title = ("该权责条款已终止", "The clause has ended already")


class NobodyAnswers(NotFound):
    """No clause names a department that leads for this matter at this place on this day."""

    slug = "nobody-answers"
    title = ("权责清单中没有主办单位", "The responsibility list names nobody for this")
