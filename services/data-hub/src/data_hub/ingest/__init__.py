"""Ingest 归集: how a department's data comes in, is checked row by row, mended where it is wrong, and merged.

Fulfils the gathering and the quality management of the programme's data hub (数据归集、质量管理、血缘): push in parts,
pull on a schedule, quarantine with the reason of each row, tickets with the source department, lineage of each batch.
"""
