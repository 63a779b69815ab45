"""Chinese full-text search by overlapping pairs of characters.

Words cut by a dictionary lose hits (乱停车 is cut 员乱/停车 in some sentences), trigrams cannot serve words of two
characters. Every pair of neighbouring characters, in order, finds every occurrence and needs no dictionary.

A text becomes runs of letters and digits (Han characters are letters) after NFKC and lower case. Each run gives its
overlapping pairs and, at its end, its last single character, so that a query of one character finds it anywhere.
Positions leave a gap between runs: a phrase never matches across a comma.
"""

import unicodedata
from collections.abc import Iterator

MAX_POSITION = 16_383  # PostgreSQL keeps no position beyond; later ones would all look like this one.
_GAP = 2


def runs(text: str) -> list[str]:
    """The runs of letters and digits of `text`, in order, in NFKC and lower case."""
    folded = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(character if character.isalnum() else " " for character in folded)
    return kept.split()


def pairs(run: str) -> Iterator[str]:
    """The overlapping pairs of one run; a run of one character gives nothing."""
    return (run[at : at + 2] for at in range(len(run) - 1))


def vector(*texts: str) -> str:
    """The text form of a `tsvector` of `texts`, to be cast with `::tsvector`. Empty where there is nothing to find.

    Lexemes hold letters and digits only, so that none needs quoting. What lies beyond PostgreSQL's last position
    is left out: a text of the longest allowed length never gets there.
    """
    lexemes: list[str] = []
    position = 1
    for text in texts:
        for run in runs(text):
            for lexeme in (*pairs(run), run[-1]):
                if position > MAX_POSITION:
                    return " ".join(lexemes)
                lexemes.append(f"{lexeme}:{position}")
                position += 1
            position += _GAP
    return " ".join(lexemes)


def phrase_query(words: str) -> str | None:
    """The text form of a `tsquery` that finds every run of `words` as a phrase, or None where no run is there.

    乱停车 gives `乱停 <-> 停车`; one character gives `路:*`; several runs must all be found, in any order.
    """
    phrases = [" <-> ".join(pairs(run)) if len(run) > 1 else f"{run}:*" for run in runs(words)]
    return " & ".join(f"({phrase})" for phrase in phrases) or None
