"""Data sets 数据集: where the rows of a table-shaped resource lie, for the slices that fill and serve them.

Each resource with rows has a table of its own, with a column of the right type for each of its information items. It
is made when the shape of the resource is settled, not when somebody asks: a reader needs its description, no reload.
"""
