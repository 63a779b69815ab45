"""Organisations and responsibilities 组织与权责: departments, posts, appointments and the responsibility lists.

The programme joins the departments of the city into one government online; this slice knows who they are, who serves in
them with which rights, and who answers for what kind of matter at which place, on which day and by which clause
(权责清单). The hotline, city-management and the services for firms ask it before they hand anything to anybody.
"""
