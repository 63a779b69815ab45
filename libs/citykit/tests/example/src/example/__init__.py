"""A small service of one slice, for the kernel's own tests: notes that persons leave."""
