"""PURE: how well waits are foretold at the moment a ticket is issued, beside two baselines.

The prediction is the production estimate (queueing.estimate). Baselines: *hall*, people ahead × mean minutes
÷ counters open; *les*, the wait of the last person of the line who was called.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict

from queueing.estimate import FITTED, Fitted, estimate
from queueing.ordering import RecentCall
from twin.sim.plan import MINUTE
from twin.sim.reception import Line
from twin.sim.ticket import Ticket

#: A prediction hits when it is wrong by at most so many minutes, or by this share of the real wait.
HIT_MINUTES, HIT_SHARE = 5.0, 0.25
#: A short wait; and up to this a range says "now".
SHORT_MINUTES, NOW_MINUTES = 30.0, 2


class PredictionFigures(TypedDict):
    """Errors over all tickets that were called: mean absolute error in minutes, and share of hits.

    `predict_hit_share_short`: where the prediction itself is at most 30 minutes. `predict_interval_share`:
    waits within the range told, of those who were told a range and not "now"; `_all_` with these.
    """

    predicted: int
    predict_mae_min: float
    predict_hit_share: float
    predict_hit_share_short: float
    predict_interval_share: float
    predict_interval_all_share: float
    baseline_hall_mae_min: float
    baseline_hall_hit_share: float
    baseline_les_mae_min: float
    baseline_les_hit_share: float


@dataclass(slots=True)
class Foretold:
    """A ticket: minutes told by the estimate and the baselines at `hour`, and the real `wait` once called."""

    predicted: float
    low: float
    high: float
    hall: float
    les: float
    hour: int = 0
    wait: float = 0.0
    called: bool = False


@dataclass(slots=True)
class Predictions:
    """Watches a day (twin.sim.hall.Watch)."""

    fitted: Fitted = FITTED
    _rows: dict[int, Foretold] = field(default_factory=dict)
    _last_wait: dict[int, float] = field(default_factory=dict)

    def issued(self, line: Line, ticket: Ticket, recent: Sequence[RecentCall], now: datetime) -> None:
        """Foretell the wait of the ticket that has just joined the line."""
        waiting = line.lineup.tickets()
        told = estimate(
            waiting,
            recent,
            now,
            capacity=line.capacity,
            load=line.load(now),
            policy=line.policy,
            fitted=self.fitted,
        )[ticket.waiting.ticket_id]
        counters = max(1.0, line.capacity.counters_at(now))
        self._rows[ticket.waiting.ticket_id] = Foretold(
            predicted=told.expected_minutes,
            low=told.low_minutes,
            high=told.high_minutes,
            hall=(len(waiting) - 1) * line.demand.mean_minutes / counters,
            les=self._last_wait.get(line.index, 0.0),
            hour=now.hour,
        )

    def called(self, line: Line, ticket: Ticket, now: datetime) -> None:
        """Note how long it really was."""
        wait = (now - ticket.waiting.issued_at) / MINUTE
        self._last_wait[line.index] = wait
        row = self._rows[ticket.waiting.ticket_id]
        row.wait, row.called = wait, True

    @property
    def rows(self) -> list[Foretold]:
        """What was told to everybody who was called since, and how it was."""
        return [row for row in self._rows.values() if row.called]

    def figures(self) -> PredictionFigures:
        """The errors of the day."""
        return figures_of(self.rows)


def figures_of(rows: Sequence[Foretold]) -> PredictionFigures:
    """The errors of what was told, of one day or of several."""
    short = [(row.predicted, row.wait) for row in rows if row.predicted <= SHORT_MINUTES]
    return PredictionFigures(
        predicted=len(rows),
        predict_mae_min=round(mean_error(rows), 4),
        predict_hit_share=_hits([(row.predicted, row.wait) for row in rows]),
        predict_hit_share_short=_hits(short),
        predict_interval_share=round(share_within(rows), 4),
        predict_interval_all_share=round(_within(rows), 4),
        baseline_hall_mae_min=_mae([(row.hall, row.wait) for row in rows]),
        baseline_hall_hit_share=_hits([(row.hall, row.wait) for row in rows]),
        baseline_les_mae_min=_mae([(row.les, row.wait) for row in rows]),
        baseline_les_hit_share=_hits([(row.les, row.wait) for row in rows]),
    )


def mean_error(rows: Sequence[Foretold]) -> float:
    """The mean absolute error in minutes; 0 of nothing."""
    return sum(abs(row.predicted - row.wait) for row in rows) / len(rows) if rows else 0.0


def share_within(rows: Sequence[Foretold]) -> float:
    """The share of waits within the range told, of those who were told one and not "now"; 0 of nothing."""
    return _within([row for row in rows if row.high > NOW_MINUTES])


def _within(rows: Sequence[Foretold]) -> float:
    return sum(row.low <= row.wait <= row.high for row in rows) / len(rows) if rows else 0.0


def _mae(pairs: Sequence[tuple[float, float]]) -> float:
    return round(sum(abs(told - real) for told, real in pairs) / len(pairs), 4) if pairs else 0.0


def _hits(pairs: Sequence[tuple[float, float]]) -> float:
    hits = sum(abs(told - real) <= max(HIT_MINUTES, HIT_SHARE * real) for told, real in pairs)
    return round(hits / len(pairs), 4) if pairs else 0.0
