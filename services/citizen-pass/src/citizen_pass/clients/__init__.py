"""This service's own views of its neighbours: only the fields that it uses."""
