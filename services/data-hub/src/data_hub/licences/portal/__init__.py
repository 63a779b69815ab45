"""证照核验: the check of a licence as a page for people, who need neither an account nor a program.

Pages in Chinese first: they hand in what a person has, and show what the check of the API answers. Whoever scans a QR
code comes here with what it says in the fragment of the address; one small script hands that in, all else needs none.
"""
