"""PURE: the correction of estimates learned during the day: how today's cases compare with the expected.

    pace = (Σ taken + 8·m) ÷ (Σ expected + 8·m),   between 0.7 and 1.5, over the last 40 cases of the line

Promises and admission leave it out: they are fixed for the day and have margins of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

#: So many cases are looked at, and the expectation counts as much as so many.
LAST_CASES, _BELIEF = 40, 8.0
_SLOWEST, _FASTEST = 1.5, 0.7
_LONGEST = 5.0


def pace_of(cases: Iterable[tuple[float, float]], service_minutes: float) -> float:
    """Return the pace from (expected, taken) minutes; 1 without any. A forgotten key counts five times m."""
    taken = expected = _BELIEF * service_minutes
    for believed, minutes in cases:
        expected += believed
        taken += min(minutes, _LONGEST * service_minutes)
    return min(_SLOWEST, max(_FASTEST, taken / expected)) if expected > 0 else 1.0
