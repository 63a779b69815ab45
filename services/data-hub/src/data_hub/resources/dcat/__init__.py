"""开放数据目录 in the words of DCAT-AP 3: the public face of the directory, for programs that gather catalogues.

Fulfils the programme's opening of government data: whoever harvests portals finds the city's opened resources here.
"""
