"""宏观经济基础库: the city's statistical indicators, as SDMX structures and observations with all their vintages.

Fulfils the programme's database of the macro-economy (宏观经济库). Structures (code lists, concepts, data structures,
dataflows) are data: a new indicator or flow is an act, no program. Every release stays readable as it was, every
revision has a reason, and what is confidential leaves for nobody without the right, nor can it be computed from what
does.
"""
