"""Classes of matters 事项分类: one tree that the hotline classifies by and the responsibility lists speak of.

It belongs to the programme's 961890 hotline and its "one net" of government services: a matter is named once, and
whoever wants to know who answers for it asks with that name. The tree is data, written for Hengshui, with the words
people use for each matter, so that a class can be suggested from what a caller says.
"""
