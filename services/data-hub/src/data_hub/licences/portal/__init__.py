"""证照核验: the check of a licence as a page for people, who need neither an account nor a program.

A page without a script, Chinese first: it hands in what a person has, and shows what the check of the API answers.
"""
