"""PURE: a city's words that mean the same (`search.toml`), read into groups and checked."""

import re
from collections.abc import Iterable, Mapping

from catalog.spelling import normal
from kernel.data_file import DataFileInvalid, Problems, Table, read_toml

FILE = "search.toml"
_BETWEEN = re.compile(r"[、,，;；\t]")


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
    seen: dict[str, str] = {}
    groups = tuple(_group(row, seen, str(at)) for at, row in enumerate(table.tables("synonyms"), 1))
    table.finish()
    problems.stop_if_any(SynonymFileInvalid)
    return groups


def synonyms_from_text(text: str) -> tuple[tuple[str, ...], ...]:
    """Groups of words as people type them: a line each, words between commas or 、.

    Raises `SynonymFileInvalid` with all mistakes, each with its line.
    """
    rows = ((str(at), _BETWEEN.split(line)) for at, line in enumerate(text.splitlines(), 1))
    return synonyms_from_lines((at, words) for at, words in rows if any(word.strip() for word in words))


def synonyms_from_lines(lines: Iterable[tuple[str, Iterable[str]]]) -> tuple[tuple[str, ...], ...]:
    """Groups of words, each with the name of its line; raises `SynonymFileInvalid` with all mistakes."""
    problems, seen, groups = Problems(), dict[str, str](), []
    for at, line in lines:
        words = [word.strip() for word in line if word.strip()]
        groups.append(_group(Table({"words": words}, problems, file=at), seen, at))
    problems.stop_if_any(SynonymFileInvalid)
    return tuple(groups)


def text_of(groups: Iterable[Iterable[str]]) -> str:
    """What `synonyms_from_text` reads."""
    return "\n".join("、".join(group) for group in groups)


def _group(row: Table, seen: dict[str, str], at: str) -> tuple[str, ...]:
    """One group; a word in two groups would have two meanings, and nobody could tell which.

    `seen` knows the line of each word, so that the other one can be named.
    """
    words = row.texts("words", None)
    if len(words) < 2:  # noqa: PLR2004 - one word has no synonym
        row.complain("words", "至少要有两个词", "needs at least two words")
    here: set[str] = set()
    for word in words:
        other = seen.setdefault(normal(word), at)
        if other != at:
            row.complain("words", f"“{word}”与第 {other} 行重复", f"“{word}” is in line {other} as well")
        elif normal(word) in here:
            row.complain("words", f"“{word}”在本行出现了两次", f"“{word}” is twice in this line")
        here.add(normal(word))
    row.finish()
    return words
