"""行政区划: the divisions of Hengshui from the city down to its 5,118 villages and communities, with county boundaries.

Fulfils the geographic part of the basic registries (地理信息基础数据库) that the programme asks of the data centre, as
far as every other service needs it: who is whose parent, what is a place called, in which county does a point lie.
Two statistical units of the source (131171, 131172) are kept and marked as such; they are not legal counties.
"""
