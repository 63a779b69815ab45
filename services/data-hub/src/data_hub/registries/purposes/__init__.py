"""使用目的: what personal data may be used for, each purpose with its legal basis and the fields that it covers.

Whoever reads a person in the registry names one of these; the purpose decides which fields are seen at all, and which
of them may be disclosed unmasked. The list is public: a citizen who finds a purpose in her access log can look it up.
"""
