"""Environment 环境监测 (air): stations, their hours, what those hours mean, and the order that follows.

The programme asks for one supervision over air, water, soil and waste, with matters handed over at once
(全环境要素的统一监管、即时交办). This slice is its first part: hourly observations come in, the hourly and daily index
(AQI) is computed by the standard that was in force on the observation's date and stored with that standard's name,
everybody may read it, and a crossing of a threshold raises an order (即时交办) to the department that answers for it.
"""
