"""PURE: can these counters cover those shares, and which ones would do?

Shares are counters per group (1.5 = one and a half counters' time). A counter gives 1 in all, split over
the groups it can serve, so no counter is counted twice. The question is a maximum flow from groups to
counters; with dozens of counters the plain augmenting-path method is quick enough.
"""

import math
from collections import deque
from collections.abc import Collection, Mapping

WHOLE = 1000  # shares are kept in thousandths: plan_line.counters has three decimals

Load = dict[tuple[int, str], int]


def assign(
    needs: Mapping[str, float], skills: Mapping[int, Collection[str]]
) -> dict[int, dict[str, float]] | None:
    """How much of each counter each group gets, or None when the counters cannot cover the needs."""
    load: Load = {}
    free = dict.fromkeys(skills, WHOLE)
    for group, need in needs.items():
        left = round(need * WHOLE)
        while left > 0:
            path = _augmenting_path(group, skills, load, free)
            if path is None:
                return None
            left -= _push(path, left, load, free)
    shares: dict[int, dict[str, float]] = {}
    for (counter, group), amount in load.items():
        if amount:
            shares.setdefault(counter, {})[group] = amount / WHOLE
    return shares


def choose_counters(
    needs: Mapping[str, float], skills: Mapping[int, Collection[str]]
) -> tuple[int, ...] | None:
    """Numbers of a smallest set of counters that covers the needs, or None when all of them do not.

    Specialists are sent away first, the highest number first: who can serve every group is worth most
    when few are open.
    """
    if assign(needs, skills) is None:
        return None
    enough = math.ceil(round(sum(needs.values()), 6))
    kept = dict(skills)
    for number in sorted(skills, key=lambda n: (len(skills[n]), -n)):
        if len(kept) <= enough:
            break
        without = {n: groups for n, groups in kept.items() if n != number}
        if assign(needs, without) is not None:
            kept = without
    return tuple(sorted(kept))


def _augmenting_path(
    group: str, skills: Mapping[int, Collection[str]], load: Load, free: Mapping[int, int]
) -> list[tuple[str, int]] | None:
    """Steps (group, counter that takes more of it) that end at a counter with time left.

    Each later step's group gives up time at the counter of the step before.
    """
    queue: deque[list[tuple[str, int]]] = deque([[]])
    seen: set[int] = set()
    while queue:
        path = queue.popleft()
        last = path[-1][1] if path else None
        sources = [group] if last is None else [g for (c, g), amount in load.items() if c == last and amount]
        for source in sources:
            for counter, able in skills.items():
                if source not in able or counter in seen:
                    continue
                seen.add(counter)
                longer = [*path, (source, counter)]
                if free[counter] > 0:
                    return longer
                queue.append(longer)
    return None


def _push(path: list[tuple[str, int]], most: int, load: Load, free: dict[int, int]) -> int:
    """Send as much as the path carries, up to `most`; return it."""
    moved = [(path[at - 1][1], path[at][0]) for at in range(1, len(path))]
    amount = min([most, free[path[-1][1]], *(load[step] for step in moved)])
    for group, counter in path:
        load[counter, group] = load.get((counter, group), 0) + amount
    for step in moved:
        load[step] -= amount
    free[path[-1][1]] -= amount
    return amount
