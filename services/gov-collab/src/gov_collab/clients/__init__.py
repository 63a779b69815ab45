"""This service's own view of the others: only the fields it uses."""
