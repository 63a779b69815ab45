"""供数, how gathering (归集) feeds the registries: what a department brings as a resource, the hub states in its name.

A feed 供数关系 says which registry a resource feeds, and which information item is which field of it. Of each batch
that was loaded every row is stated through the registry's own acts, with the department, the batch and the time of its
coming as its provenance: who is unknown is registered, what changed is stated, what another department is the source
of becomes a conflict. A row that cannot be stated is a fault that the department reads, and stops no other.
"""
