"""PURE: which cells of a workbook's first sheet have no value of their own.

A formula that nobody worked out yet, as programs write it, and one that went wrong (`#REF!`, `#N/A`). Whoever
reads values alone would take either for an empty cell, and an empty cell says something: no fee, not in use.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator

_SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*?\s(?:\w+:)?id="([^"]+)"')
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_TARGET, _ID = re.compile(rb'\sTarget="([^"]+)"'), re.compile(rb'\sId="([^"]+)"')
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*[^>/])>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_RESULT = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]")
_ERROR = re.compile(rb'\st="e"')
_TEXT = re.compile(rb'\st="str"')
_LETTERS = 26


def unworked_cells(packed: zipfile.ZipFile) -> Iterator[tuple[int, int]]:
    """Row and column of each, counted from 0; nothing where the workbook is laid out in another way."""
    try:
        sheet = packed.read(_path_of_first(packed))
    except KeyError:
        return
    if _FORMULA.search(sheet) is None and _ERROR.search(sheet) is None:
        return
    for cell in _CELL.finditer(sheet):
        facts, inside = cell.groups()
        place = _PLACE.search(facts)
        if place is not None and _is_unworked(facts, inside):
            yield int(place[2]) - 1, _column(place[1])


def _is_unworked(facts: bytes, inside: bytes) -> bool:
    if _ERROR.search(facts):
        return True
    # A formula whose result is a text may say nothing: ="".
    worked = _RESULT.search(inside) is not None or _TEXT.search(facts) is not None
    return _FORMULA.search(inside) is not None and not worked


def _path_of_first(packed: zipfile.ZipFile) -> str:
    """Where the first sheet lies; raises KeyError when the workbook does not say."""
    first = _SHEET.search(packed.read("xl/workbook.xml"))
    for relation in _RELATION.findall(packed.read("xl/_rels/workbook.xml.rels")):
        name, target = _ID.search(relation), _TARGET.search(relation)
        if first and name and target and name[1] == first[1]:
            return posixpath.normpath(posixpath.join("/xl", target[1].decode())).lstrip("/")
    raise KeyError


def _column(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * _LETTERS + letter - ord("A") + 1
    return at - 1
