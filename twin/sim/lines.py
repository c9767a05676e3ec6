"""PURE: what a counter that serves several lines sees of them: their first tickets and their last calls."""

from collections.abc import Iterable, Sequence

from queueing.lineup import Lineup
from queueing.ordering import LANE_ORDER, Heads, Lane, RecentCall, Waiting

#: A call with its place among all calls of the day.
Numbered = tuple[int, RecentCall]


def heads_together(lineups: Sequence[Lineup]) -> Heads:
    """The first ticket of each lane over several lines."""
    if len(lineups) == 1:
        return lineups[0].heads()
    merged: dict[Lane, Waiting] = {}
    for lineup in lineups:
        for lane, head in lineup.heads().items():
            order = LANE_ORDER[lane]
            if lane not in merged or order(head) < order(merged[lane]):
                merged[lane] = head
    return merged


def calls_together(calls: Sequence[Iterable[Numbered]]) -> list[RecentCall]:
    """The last calls of several lines, the latest first; those of each line come in this order."""
    if len(calls) == 1:
        return [call for _, call in calls[0]]
    numbered = sorted((entry for each in calls for entry in each), key=lambda entry: entry[0], reverse=True)
    return [call for _, call in numbered]
