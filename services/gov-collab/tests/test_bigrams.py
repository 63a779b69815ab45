from hypothesis import given, settings
from hypothesis import strategies as st

from gov_collab import bigrams

HAN = st.text(alphabet="路灯不亮乱停车井盖", min_size=1, max_size=12)


def lexemes(vector: str) -> dict[int, str]:
    """A vector as PostgreSQL holds it: position → lexeme."""
    pairs = (item.rsplit(":", 1) for item in vector.split())
    return {int(position): lexeme for lexeme, position in pairs}


def finds(vector: str, words: str) -> bool:
    """What `vector @@ phrase_query(words)` answers, after PostgreSQL's rules."""
    held = lexemes(vector)
    for run in bigrams.runs(words):
        wanted = list(bigrams.pairs(run))
        if not wanted:
            if not any(lexeme.startswith(run) for lexeme in held.values()):
                return False
        elif not any(all(held.get(at + n) == pair for n, pair in enumerate(wanted)) for at in held):
            return False
    return True


def test_a_word_is_a_phrase_of_its_pairs() -> None:
    assert bigrams.phrase_query("乱停车") == "(乱停 <-> 停车)"


def test_one_character_is_a_prefix() -> None:
    assert bigrams.phrase_query("路") == "(路:*)"


def test_several_words_must_all_be_there() -> None:
    assert bigrams.phrase_query("路灯，井盖") == "(路灯) & (井盖)"


def test_nothing_to_look_for() -> None:
    assert bigrams.phrase_query(" ，。!'\\ ") is None


def test_full_width_and_capitals_are_folded() -> None:
    assert bigrams.runs("ＡＰＰ打不开") == ["app打不开"]


def test_quotes_never_reach_the_vector() -> None:
    assert "'" not in bigrams.vector("路'灯\\不:亮&|!()<->*")


def test_a_phrase_does_not_cross_a_comma() -> None:
    assert not finds(bigrams.vector("乱停，停车"), "乱停车")


def test_positions_stay_within_what_postgresql_keeps() -> None:
    assert max(lexemes(bigrams.vector("路灯" * 9000))) <= bigrams.MAX_POSITION


@settings(max_examples=100)
@given(before=HAN, word=HAN, after=HAN)
def test_every_part_of_a_run_is_found(before: str, word: str, after: str) -> None:
    assert finds(bigrams.vector(before + word + after), word)


@settings(max_examples=100)
@given(text=HAN, word=HAN)
def test_what_is_found_is_there(text: str, word: str) -> None:
    assert finds(bigrams.vector(text), word) == (word in text)
