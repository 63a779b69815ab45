"""Micro-apps 微应用: the N of 1+4+N, from registration by a department to the page that citizens open.

An app is a versioned manifest and the files it names; it owns no data and no secret. A reviewer who did not send it
in approves exactly those files (by their SHA-256) and grants scopes; only approved files are served, each page in a
sandbox of its own. Its OAuth client is made in citizen-pass by event. Fulfils the programme's applications that grow on
the hub.
"""
