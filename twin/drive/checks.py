"""PURE: promises that the driver checks from outside, by what the server answered to it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from twin.drive.records import CALLED, SERVED, WAITING, Visit

_LABEL = re.compile(r"([A-Z]+)([0-9]+)")


def broken(visits: Sequence[Visit]) -> list[str]:
    """Every broken promise, as `rule: subject`."""
    return [*_gaps(visits), *_left(visits), *_surveys(visits)]


def _gaps(visits: Iterable[Visit]) -> list[str]:
    """The numbers of each line are 1, 2, 3 … without gaps or doubles."""
    lines: dict[str, list[int]] = defaultdict(list)
    found = []
    for visit in visits:
        match = _LABEL.fullmatch(visit.label)
        if match is not None:
            lines[match[1]].append(int(match[2]))
        elif visit.ticket is not None:
            found.append(f"label_malformed: {visit.label}")
    for letter, given in sorted(lines.items()):
        if sorted(given) != list(range(1, len(given) + 1)):
            found.append(f"labels_not_gapless: line {letter}, {len(given)} tickets up to {max(given)}")
    return found


def _left(visits: Iterable[Visit]) -> list[str]:
    """Nobody who got a ticket is still in line when the day is over."""
    return [f"left_in_line: {visit.label}" for visit in visits if visit.state in (WAITING, CALLED)]


def _surveys(visits: Iterable[Visit]) -> list[str]:
    """Who was served and left a phone is asked once; nobody else is asked."""
    found = []
    for visit in visits:
        wanted = int(visit.state == SERVED and visit.phone is not None)
        if visit.surveys != wanted:
            found.append(f"survey_count: {visit.label or visit.person.id}, {visit.surveys} for {wanted}")
    return found
