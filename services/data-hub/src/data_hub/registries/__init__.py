"""基础库, the basic registries: population (人口库), legal entities (法人库), geography, macro-economy (宏观经济库).

Fulfils the programme's basic databases. Those of persons and of legal persons rest on one floor: every value is kept
with the statement it came from (which department, which batch, when), with the time in which it is true and the time
in which the registry knew it, so that "what did the city believe on that day" has an answer for good.
Purposes (使用目的) say who may see what of a person, and why.
"""
