"""开放数据接口 in the words of CKAN's action API, read-only: programs for other portals read this one unchanged.

Fulfils the programme's opening of government data. What it shows is the directory's public face and nothing beside it.
"""
