import pytest

from catalog.synonym_file import SynonymFileInvalid, parse_synonyms
from tests.catalog.city import FILES, SYNONYMS


def test_the_demonstration_has_words_in_both_languages():
    words = [word for group in SYNONYMS for word in group]
    assert {"遗失", "丢了", "lost"} <= set(words)
    assert parse_synonyms({"city.toml": FILES["city.toml"]}) == ()


def test_names_every_mistake_of_the_synonyms():
    text = """
[[synonyms]]
words = ["one"]
[[synonyms]]
words = ["丢了", "遗失"]
[[synonyms]]
words = ["lost", "丢了"]
word = "x"
"""
    with pytest.raises(SynonymFileInvalid) as caught:
        parse_synonyms({"search.toml": text})
    assert [problem.line("en") for problem in caught.value.problems] == [
        "search.toml: synonyms[1].words: needs at least two words",
        "search.toml: synonyms[3].words: “丢了” is in line 2 as well",
        "search.toml: synonyms[3].word: is not a known key (a typing error?)",
    ]
