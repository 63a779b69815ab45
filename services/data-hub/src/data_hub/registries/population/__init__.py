"""人口库: the persons of the city, one record each, every value with its source and both its times.

Fulfils the programme's population database. Identification numbers, telephones and addresses are encrypted at rest and
found by keyed hashes; what leaves is masked unless somebody with the right, a purpose and its legal basis has it
disclosed, and each read by somebody else leaves its line in the person's access log in the same transaction.
Real-name verification (实名核验) for the city's accounts is answered here and says only yes or no.
"""
