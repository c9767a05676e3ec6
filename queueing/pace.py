"""PURE: the correction of estimates learned during the day: how today's cases compare with the expected.

    pace = (Σ taken + 8·m) ÷ (Σ expected + 8·m),   between ¼ and 4, over the last 40 cases of the line

Promises and admission leave it out: they are fixed for the day and have margins of their own. The pace is
believed as a mean of n cases and 8 of the expectation: with cv the spread of a case, its relative error is

    σ = cv ÷ √(n + 8),

from 25 % in the morning to 10 % after 40 cases. The ranges that people are told are so much wider.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

#: So many cases are looked at, and the expectation counts as much as so many.
LAST_CASES, _BELIEF = 40, 8.0
_SLOWEST, _FASTEST = 4.0, 0.25
_LONGEST = 5.0


def pace_of(cases: Iterable[tuple[float, float]], service_minutes: float) -> float:
    """Return the pace from (expected, taken) minutes; 1 without any. A forgotten key counts five times m."""
    taken = expected = _BELIEF * service_minutes
    for believed, minutes in cases:
        expected += believed
        taken += min(minutes, _LONGEST * service_minutes)
    return min(_SLOWEST, max(_FASTEST, taken / expected)) if expected > 0 else 1.0


def pace_error(cases: int, service_cv: float) -> float:
    """Return σ, how far the pace from so many cases may be wrong, as a share of it (a standard deviation)."""
    return service_cv / sqrt(min(cases, LAST_CASES) + _BELIEF)
