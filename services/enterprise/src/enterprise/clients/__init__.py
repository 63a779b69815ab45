"""This service's own view of other services: only the fields it uses, and nothing of how they work."""
