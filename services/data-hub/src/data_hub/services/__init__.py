"""Data services 数据服务: the rows of every published table-shaped resource through one generic route.

Fulfils the programme's unified data services 统一数据服务 of the data hub: filters, order, fields, aggregates and pages
by key, under a grant, under a partner's key, or openly where the resource is opened; with quotas and metering.
"""
