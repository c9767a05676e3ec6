"""The life of a ticket as drawn for people in docs/queue-rule.md: tests read the drawing, not the program."""

import re
from pathlib import Path

DRAWN_IN = Path(__file__).parent.parent / "docs" / "queue-rule.md"
#: Steps of which the ticket keeps no time: one that waited for them may bear a moment before theirs.
UNTIMED = (
    "ticket.recall",
    "ticket.park",
    "ticket.undo_",
    "ticket.hand_over",
    "ticket.correct_services",
    "ticket.set_silent",
)


def drawing() -> dict[tuple[str, str], tuple[str, ...]]:
    """(before, after) → the verbs on the arrow."""
    arrows = re.findall(r"^ *(\w+) --> (\w+): (.+)$", DRAWN_IN.read_text("utf-8"), re.MULTILINE)
    return {(before, after): tuple(verbs.replace(",", " ").split()) for before, after, verbs in arrows}


def ways() -> dict[tuple[str, str], frozenset[str]]:
    """(before, verb) → after. Raises where a verb leads to two places from one state, but for an undo."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for (before, after), verbs in drawing().items():
        for verb in verbs:
            found[before, verb] = found.get((before, verb), frozenset()) | {after}
            if len(found[before, verb]) > 1 and not verb.startswith("undo_"):
                raise ValueError(f"{verb} leads from {before} to {sorted(found[before, verb])}")
    return found


def ends() -> frozenset[str]:
    """The states from which the drawing leads out of the hall."""
    return frozenset(re.findall(r"^ *(\w+) --> \[\*\]$", DRAWN_IN.read_text("utf-8"), re.MULTILINE))


def tasks_drawing() -> dict[str, set[str]]:
    """Where a back-office task can go from each state; its arrows bear no verbs."""
    found: dict[str, set[str]] = {}
    for before, after in re.findall(r"^ *(\w+) --> (\w+)$", DRAWN_IN.read_text("utf-8"), re.MULTILINE):
        found.setdefault(before, set()).add(after)
    return found
