"""数源, 一数一源: which department's word counts for which field, from which day, on which legal basis.

Where none is named for a field, the department whose statement holds the present value is its source: the one that
registered the record, at its beginning. Where one is named, no other registers a record with such a value. What another
department says is kept as a conflict (see `registries.corrections`); it never silently takes the value's place.
"""
