"""数据资源目录: what data the city's departments keep, described once by the national fields, and how it may be had.

Fulfils the programme's one directory of government data: a department describes a resource, another person reviews it,
and it is published, changed in versions and withdrawn. Each subject has one source department (一数一源). The directory
has two faces, one inside government and one for everybody, and speaks DCAT-AP and the action API of CKAN to programs.
"""
