"""PURE: the numbers of the estimates (queueing.estimate.Fitted), fitted on recorded days.

Every day is foretold with what the earlier days of its hall taught (service times, how many of those who
book come), as by a running hall; the
first day of each hall is only learned from. First `long_share`: the one with the least mean absolute error.
Then `drift`: the one whose ranges hold nearest to 80 % of the waits of those who were told a range.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from queueing.estimate import FITTED, Fitted
from queueing.ordering import RecentCall
from twin.day_file import Day
from twin.sim.hall import HallDay
from twin.sim.predictions import Foretold, Predictions, mean_error, share_within
from twin.sim.reception import Line
from twin.sim.replay import people_of, scenario_after
from twin.sim.run import rule_of
from twin.sim.ticket import Ticket

LONG_SHARES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
DRIFTS = (0.0, 0.05, 0.1, 0.125, 0.15, 0.175, 0.2, 0.225, 0.25)
COVERED = 0.8


class Found(TypedDict):
    """The best numbers, and what each of those that were tried gave."""

    foretold: int
    long_share: float
    drift: float
    mae_min_by_long_share: dict[str, float]
    covered_by_drift: dict[str, float]


@dataclass(slots=True)
class _Beside:
    """Several who look on at once, each with numbers of its own: a day is played once for all."""

    watches: Sequence[Predictions]

    def issued(self, line: Line, ticket: Ticket, recent: Sequence[RecentCall], now: datetime) -> None:
        for watch in self.watches:
            watch.issued(line, ticket, recent, now)

    def called(self, line: Line, ticket: Ticket, now: datetime) -> None:
        for watch in self.watches:
            watch.called(line, ticket, now)


@dataclass(slots=True)
class _Tried:
    """What numbers gave over all days so far."""

    fitted: Fitted
    rows: list[Foretold] = field(default_factory=list)

    @property
    def error(self) -> float:
        """Mean absolute error, minutes."""
        return round(mean_error(self.rows), 4)

    @property
    def covered(self) -> float:
        """Share of waits in their ranges."""
        return round(share_within(self.rows), 4)


def fit(days: Iterable[Day]) -> Found:
    """Fit on days of one hall or of several; the same for the same days."""
    histories = histories_of(days)
    shares = _try(histories, [Fitted(FITTED.drift, share) for share in LONG_SHARES])
    long_share = min(shares, key=lambda tried: tried.error).fitted.long_share
    drifts = _try(histories, [Fitted(drift, long_share) for drift in DRIFTS])
    best = min(drifts, key=lambda tried: abs(tried.covered - COVERED))
    return Found(
        foretold=len(best.rows),
        long_share=long_share,
        drift=best.fitted.drift,
        mae_min_by_long_share={str(tried.fitted.long_share): tried.error for tried in shares},
        covered_by_drift={str(tried.fitted.drift): tried.covered for tried in drifts},
    )


def histories_of(days: Iterable[Day]) -> list[tuple[list[Day], Day]]:
    """Each day that has earlier ones of its hall, with these."""
    by_hall: defaultdict[str, list[Day]] = defaultdict(list)
    for day in sorted(days, key=lambda day: (day.hall_code, day.on_date)):
        by_hall[day.hall_code].append(day)
    return [(hall[:at], hall[at]) for hall in by_hall.values() for at in range(1, len(hall))]


def _try(histories: Sequence[tuple[Sequence[Day], Day]], numbers: Sequence[Fitted]) -> list[_Tried]:
    tried = [_Tried(each) for each in numbers]
    for earlier, day in histories:
        watches = [Predictions(each) for each in numbers]
        scenario = scenario_after(day, earlier)
        people, rule = people_of(day), rule_of(scenario, "promise")
        HallDay(scenario, people, rule, day=0, walk_in_only=False, watch=_Beside(watches)).play()
        for each, watch in zip(tried, watches, strict=True):
            each.rows += watch.rows
    return tried
