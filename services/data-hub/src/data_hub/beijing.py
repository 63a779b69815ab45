"""Beijing time 北京时间 in SQL, as `citykit.clock.CHINA` is it in Python: eight hours before UTC, at all times.

The zone `Asia/Shanghai` is another thing: local mean time until 1901, summer time in some years between 1919 and 1991.
A time of day by its rules with the text `+08:00` after it names another instant.
"""

OFFSET = "+08:00"  # on the wire
AT = f"at time zone interval '{OFFSET}'"  # ISO 8601: east of Greenwich is positive
ZONE = "Etc/GMT-8"  # for what wants a name: the sign of these is that of POSIX


def written(column: str, digits: str = ".US") -> str:
    """The SQL that writes an instant on the wire; `digits` of its second as `to_char` has them: .US, .MS, or none."""
    return f"""to_char({column} {AT}, 'YYYY-MM-DD"T"HH24:MI:SS{digits}"{OFFSET}"')"""
