"""PURE: the label of a ticket as people read and hear it: a letter and three digits, four after 999."""

from __future__ import annotations

import re

_LABEL = re.compile(r"([A-Z])([0-9]{3,4})")
_LAST_ORDINAL = 9999


def label_of(letter: str, ordinal: int) -> str:
    """Return "A023" for the 23rd ticket of line A; raises ValueError for what no label can say."""
    if not (len(letter) == 1 and "A" <= letter <= "Z"):
        raise ValueError(f"the letter of a line is one of A to Z, not {letter!r}")
    if not 1 <= ordinal <= _LAST_ORDINAL:
        raise ValueError(f"a line gives numbers from 1 to {_LAST_ORDINAL}, not {ordinal}")
    return f"{letter}{ordinal:03d}"


def parse_label(text: str) -> tuple[str, int] | None:
    """Read a label typed or scanned by people ("a023 "); None where it is none."""
    match = _LABEL.fullmatch(text.strip().upper())
    if match is None:
        return None
    letter, digits = match.groups()
    ordinal = int(digits)
    return (letter, ordinal) if ordinal and label_of(letter, ordinal) == letter + digits else None


def next_ordinal(last: int | None) -> int:
    """Return the ordinal after the last one given in a hall, day and group: 1, 2, 3, … without gaps."""
    return 1 if last is None else last + 1
