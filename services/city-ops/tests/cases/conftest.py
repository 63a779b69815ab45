"""The persons of a test."""

import pytest

from .factories import People


@pytest.fixture
def people(city):
    return People(city)
