"""PURE: a city's words that mean the same (`search.toml`), read into groups and checked."""

from collections.abc import Mapping

from catalog.spelling import normal
from kernel.data_file import DataFileInvalid, Problems, Table, read_toml

FILE = "search.toml"


class SynonymFileInvalid(DataFileInvalid):
    """The file of synonyms has mistakes."""

    code = "synonym_file_invalid"


def parse_synonyms(files: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Groups of words from `search.toml` of a folder (path → text); none where there is no such file.

    Raises `SynonymFileInvalid` with all mistakes.
    """
    if FILE not in files:
        return ()
    problems = Problems()
    table = read_toml(files[FILE], problems, file=FILE)
    seen: set[str] = set()
    groups = tuple(_group(row, seen) for row in table.tables("synonyms"))
    table.finish()
    problems.stop_if_any(SynonymFileInvalid)
    return groups


def _group(row: Table, seen: set[str]) -> tuple[str, ...]:
    """One group; a word in two groups would have two meanings, and nobody could tell which."""
    words = row.texts("words", None)
    if len(words) < 2:  # noqa: PLR2004 - one word has no synonym
        row.complain("words", "至少要有两个词", "needs at least two words")
    for word in words:
        if normal(word) in seen:
            row.complain("words", f"重复：{word}", f"is there twice: {word}")
        seen.add(normal(word))
    row.finish()
    return words
