"""Chinese search by pairs of characters: words have no spaces, and trigram indexes cannot find two-character words.

A text is indexed by every pair of neighbouring characters. A searched word is found by all of its pairs (a GIN index
answers that) and then compared for real, so that nothing is missed and nothing wrong is found.
"""

import unicodedata


def search_key(text: str) -> str:
    """`text` as it is compared: full-width forms made narrow (NFKC), letters in one case, no white space."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def bigrams(*texts: str) -> list[str]:
    """The distinct pairs of neighbouring characters of `texts`, sorted; a text of one character gives itself."""
    found: set[str] = set()
    for key in map(search_key, texts):
        found.update({key[i : i + 2] for i in range(len(key) - 1)} or ({key} if key else set()))
    return sorted(found)
