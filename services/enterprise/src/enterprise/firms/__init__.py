"""企业档案 Firm files: one file for each firm (一企一档), bound to its legal representative through the registry.

Fulfils, of the programme's enterprise platform, that a firm is known once and served everywhere: its public facts are
copied from the legal-entity registry with their source and as-of time, what it declares itself gives its size class
(划型), its representative may let a clerk act for it, and it sees who read its file.
"""
