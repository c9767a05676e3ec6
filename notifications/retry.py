"""PURE: how long to wait before trying again, and what to do when nobody can tell whether it was sent."""

from __future__ import annotations

from datetime import timedelta

ATTEMPTS = 8  # sends of one message before it is given up
LOOKUPS = 6  # look-ups that could not tell before policy decides

_FIRST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=10)


def delay_after(attempt: int, jitter: float, *, wanted: timedelta | None = None) -> timedelta:
    """The wait after the given attempt (1, 2, ...): 2 s doubling to 10 min, spread by `jitter` in [0, 1).

    `wanted` is what the provider asked for; we never come back sooner.
    """
    doubled: timedelta = _FIRST * 2 ** min(attempt - 1, 12)
    spread = min(doubled, _LONGEST) * (0.75 + 0.5 * jitter)
    return max(spread, wanted) if wanted else spread


def lookup_delay_after(lookups: int) -> timedelta:
    """The wait after a look-up that could not tell: 1 s doubling to 1 min."""
    doubled: timedelta = timedelta(seconds=1) * 2 ** min(lookups, 12)
    return min(doubled, timedelta(minutes=1))
