"""大数据中心: the data hub of Hengshui, the "1" of 1+4+N.

It keeps what every other service leans on: the divisions of the city (行政区划) and the basic registries (基础库) of
persons and legal entities, each value with where it comes from and since when. It calls nobody.
"""
