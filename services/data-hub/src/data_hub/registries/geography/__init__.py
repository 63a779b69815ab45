"""自然资源与地理空间基础库: every published layer of the city, its divisions, places and addresses among them.

Fulfils the geographic part of the basic registries (地理信息基础数据库) that the programme asks of the data centre: a
layer is published once by the department that answers for it, and read by everybody who may, through standards that
any map program speaks: OGC API Features and Tiles, and a geocoder from the province down to the village.
"""
