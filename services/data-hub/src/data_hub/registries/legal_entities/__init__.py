"""法人库: the legal entities of the city, one record for each unified social credit code (统一社会信用代码, GB 32100).

Fulfils the programme's database of legal persons: firms, institutions, agencies, organisations, cooperatives. Names
that an entity once had find it as well as its present one, and an entity that ceased is always shown, with its state:
closed firms that vanish are what users of other registries miss most. Who represents an entity is a person of the
population registry; others may ask whether a person does, and are told nothing else about her.
"""
