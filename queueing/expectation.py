"""PURE: how many people without a booking still come today: other days, corrected by what today has brought.

    expected = after · r,   r = (came + 15) ÷ (before + 15),   between ½ and 2

`after` and `before` are the means of earlier days from this time of day on, and until it; `came` is today's
count until now. A busy day is not known beforehand: it is learned as it comes.
"""

from __future__ import annotations

#: What other days say counts as much as so many arrivals of today.
_BELIEF = 15.0
_LEAST, _MOST = 0.5, 2.0


def still_expected(after: float, before: float, came: float) -> float:
    """Return how many are still to come."""
    ratio = (came + _BELIEF) / (before + _BELIEF)
    return after * min(_MOST, max(_LEAST, ratio))
