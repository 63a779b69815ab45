"""开放数据门户: the opened directory as pages for people, beside its JSON, DCAT and CKAN faces.

Pages without a script, Chinese first: a search with facets, and one page for each opened resource.
"""
