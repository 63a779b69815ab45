"""地理编码与逆地理编码: from what people write to a place, down to the village, and from a point back to an address.

Fulfils the geocoding service of the geographic information platform that the programme asks for. Names come from the
divisions and from every published layer that names its features; nobody finds a name of a layer he may not see.
"""
