"""城市通 citizen-pass: who a person is, what the city tells her, and who looked at her data."""
