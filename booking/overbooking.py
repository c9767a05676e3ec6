"""PURE: how many numbers to give out for so many people expected to come.

Some who book do not come. Giving out n* > q numbers for a quota of q keeps the counters busy; the walk-in
reserve absorbs the rare overflow, so nobody who booked is ever refused. Chances of single people set the
count only, never anybody's place in line. Idea: LaGanga & Lawrence, Decision Sciences 38 (2007).
"""

from collections.abc import Iterable, Sequence
from math import floor

RISK = 0.05
CAP = 1.25
_DUST = 1e-9  # 25 · 0.88 is 22 and must not count as more


def numbers_to_offer(quota: int, *, show_probability: float, reserve: int) -> int:
    """n*: the largest n ≤ 1.25·q with n·p ≤ q and P(Bin(n, p) > q + reserve ÷ 2) ≤ 5 %."""
    if not 0 <= show_probability <= 1:
        raise ValueError("a probability lies between 0 and 1")
    offered = max(quota, 0)
    while offered < floor(CAP * quota):
        if not is_safe([show_probability] * (offered + 1), quota=quota, reserve=reserve):
            break
        offered += 1
    return offered


def is_safe(show_probabilities: Sequence[float], *, quota: int, reserve: int) -> bool:
    """Whether a slot may be booked by people with these chances to come (each their own)."""
    if sum(show_probabilities) > quota + _DUST or len(show_probabilities) > CAP * quota:
        return False
    return chance_of_more_than(quota + reserve / 2, show_probabilities) <= RISK


def chance_of_more_than(limit: float, show_probabilities: Iterable[float]) -> float:
    """P(more than `limit` of these people come), by the Poisson-binomial distribution, exactly."""
    counts = [1.0]
    for chance in show_probabilities:
        stay = [have * (1 - chance) for have in counts]
        come = [have * chance for have in counts]
        counts = [a + b for a, b in zip([*stay, 0.0], [0.0, *come], strict=True)]
    return sum(chance for people, chance in enumerate(counts) if people > limit)
