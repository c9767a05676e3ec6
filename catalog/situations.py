"""PURE: which situation of a service somebody's words point at.

A situation is pointed at by what sets it apart: a word that half of the service's situations share says
little, one that no other has says everything. How close the whole query comes to one of its phrases counts
beside it, and decides alone where no word sets situations apart (pinyin, a single situation).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

CLEAR = log(2)  # the words leave at most half of the situations
ENOUGH = 0.5  # of all that sets situations apart in the query
WHOLE = 88.0  # a word within a longer phrase comes less close
NEARLY = 0.95  # as close as the service itself
APART = 40.0
UNASKED = 10.0


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation and what its name and words speak of."""

    code: str
    topics: frozenset[str]


def point_at(
    situations: Sequence[Situation], near: Mapping[str | None, float], asked: frozenset[str]
) -> str | None:
    """The situation meant, None when the words speak of the service alone.

    `near` is how close the query comes to each situation (None: to the service itself), 0 to 100.
    """
    counts = Counter(topic for situation in situations for topic in situation.topics)
    worth = {topic: log(len(situations) / count) for topic, count in counts.items()}
    whole = sum(worth.get(topic, 0.0) for topic in asked)
    pinyin = all(topic.isascii() for topic in asked)  # its letters are no words that could set apart
    least = 1.0 if pinyin else WHOLE
    best, most = None, 0.0
    for situation in situations:
        close = near.get(situation.code, 0.0)
        found = sum(worth[topic] for topic in asked & situation.topics)
        share = found / whole if whole else 0.0
        as_close = close >= max(least, NEARLY * near.get(None, 0.0))
        if not as_close and not (found >= CLEAR and share >= ENOUGH):
            continue
        own = sum(worth[topic] for topic in situation.topics)
        score = close + APART * share - (UNASKED * (1 - found / own) if own else 0.0)
        if score > most:
            best, most = situation.code, score
    return best
