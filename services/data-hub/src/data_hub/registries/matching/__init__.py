"""比对: finds a record by what somebody remembers of it: names with a slip, numbers with a wrong digit.

Pure rules, without I/O. A record is found by tokens (whole names, names with one character left out, how they sound),
kept as numbers under one inverted index; a mistyped identifier is not indexed at all: the few numbers that it can have
been are computed, and each is looked up. What was found is then compared for real and weighed, so that a token that
two names share by chance finds nothing wrong.
"""
