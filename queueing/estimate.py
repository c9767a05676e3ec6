"""PURE: how long people still wait, by rolling the real rule forward over what is known.

The roll calls tickets one after the other by `next_from_heads`, with the booked people who are expected added
when they are due (`queueing.keys.booked_key`), in proportion to p̂. With i idle counters, call k (from 0)
comes now for k < i, and then when the open counters have worked off half of a case that is running (m where
one was idle: it starts afresh) and the cases of the first k − i calls, each with the minutes expected for it,
else m.
The range is the 80 % interval of that work, of which it knows three sources of error: single services and
shows, the pace of the day (queueing.pace), and that days do not go as planned (`Fitted.drift`):

    σ² = (cv²·services + p̂(1−p̂)·booked)·m² + (σ_pace² + drift²)·work²

It never is a point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from math import ceil, floor, sqrt

from queueing.capacity import Capacity
from queueing.keys import booked_key
from queueing.lineup import Lineup
from queueing.ordering import RecentCall, Track, Waiting, lanes_used, next_from_heads
from queueing.pace import pace_error
from queueing.policy import DEFAULT_POLICY, QueuePolicy
from queueing.promise import Load

_MINUTE = timedelta(minutes=1)
#: 80 % of a normal distribution lies within so many standard deviations.
_Z80 = 1.2816
#: A wait beyond so many minutes is long.
_LONG = 30.0
#: "about 0–2 minutes": what is said when nothing is uncertain.
_NARROWEST_MINUTES = 2
#: Sums of shares such as 0.1 leave dust.
_DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a waiting citizen is told: "3 ahead, about 12–20 minutes, latest 10:40".

    `people_ahead` counts those present who will be called before by the rule. `latest_at` is the promise of
    a walk-in as long as it can be kept, else the upper end of the range. `promise_at_risk`: the promise that
    was given will probably be missed, so the hall has to act and tell.
    """

    people_ahead: int
    expected_minutes: int
    low_minutes: int
    high_minutes: int
    latest_at: datetime
    promise_at_risk: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """Numbers learned on days of five Warsaw offices, by `youhao twin fit` (docs/queue-science.md).

    `drift`: the standard deviation of the work before a call, as a share of it, from what the hall does not
    know. `long_share`: beyond half an hour the roll foretells too much by this share of what is beyond it.
    """

    drift: float = 0.175
    long_share: float = 0.2


FITTED = Fitted()


class _Clock:
    """Turns the work before a call into a time: in opening hours and, past them, with who is still busy."""

    def __init__(
        self, capacity: Capacity, load: Load, now: datetime, policy: QueuePolicy, fitted: Fitted
    ) -> None:
        self._capacity, self._load, self._policy = capacity, load, policy
        self._unsure = pace_error(load.pace_cases, policy.service_cv) ** 2 + fitted.drift**2
        self._mean = load.service_minutes * load.pace
        self._starts_at = capacity.open_from(now) or now
        self._sums = [0.0]  # the minutes of those called so far, in the order of the calls
        free = max(0, floor(capacity.counters_at(self._starts_at) - load.busy + _DUST))
        self._idle = free if self._starts_at > now else max(free, load.idle)
        self._left = 0.5 * load.minutes_at_counter * load.pace

    def work_before(self, calls: int) -> float:
        """Return the minutes of work before call number `calls` (from 0)."""
        if calls < self._idle:
            return 0.0
        first = self._mean if self._idle else self._left
        return first + self._sums[calls - self._idle]

    def called(self, ticket: Waiting) -> None:
        """Note the next call: what its case takes keeps a counter busy for the calls after it."""
        self._sums.append(self._sums[-1] + (ticket.minutes * self._load.pace or self._mean))

    def spread(self, calls: int, expected: float) -> float:
        """Return the standard deviation of that work, with `expected` booked people who may come or not."""
        shows = self._load.show_probability
        services = 0.0 if calls < self._idle else calls - self._idle + 1.0
        chance = self._policy.service_cv**2 * services + shows * (1 - shows) * expected
        return sqrt(chance * self._mean**2 + self._unsure * self.work_before(calls) ** 2)

    def when(self, work: float) -> datetime:
        """Return the moment at which so much work is done."""
        minutes = max(0.0, work) / self._policy.admission_efficiency
        at = self._capacity.reached_at(self._starts_at, minutes)
        if at is not None:
            return at
        closes_at = max(self._starts_at, self._capacity.closes_at or self._starts_at)
        over = minutes - self._capacity.between(self._starts_at, closes_at)
        return closes_at + over / max(1.0, self._load.busy) * _MINUTE


class _Arrivals:
    """The booked people who are expected, as tickets that come when they are due; ids are negative."""

    def __init__(self, load: Load, now: datetime, policy: QueuePolicy) -> None:
        expected = [
            (booked_key(s.slot_starts_at, policy), s) for s in load.expected if s.slot_starts_at > now
        ]
        # Who is due already and is not here yet comes to the slot.
        comes = [(key if key > now else s.slot_starts_at, s.slot_starts_at, s.numbers) for key, s in expected]
        self._slots = deque(sorted(comes))
        self._policy = policy
        self._show_probability = load.show_probability
        self._ids = count(1)
        self._credit = 0.5
        self.numbers = 0.0

    def until(self, at: datetime) -> Iterator[Waiting]:
        """Yield those who are due by `at` and have not been yielded before."""
        while self._slots and self._slots[0][0] <= at:
            _, starts_at, numbers = self._slots.popleft()
            due_at = booked_key(starts_at, self._policy)
            self.numbers += numbers
            self._credit += numbers * self._show_probability
            while self._credit >= 1:
                self._credit -= 1
                yield Waiting(-next(self._ids), "", Track.BOOKED, due_at, due_at, 0, starts_at)


def estimate(
    waiting: Sequence[Waiting],
    recent: Sequence[RecentCall],
    now: datetime,
    *,
    capacity: Capacity,
    load: Load,
    policy: QueuePolicy = DEFAULT_POLICY,
    fitted: Fitted = FITTED,
) -> dict[int, Estimate]:
    """Return an estimate for each waiting ticket, by ticket id.

    Of `load`, `waiting` is not used: the tickets are here. To tell someone before a ticket is taken, add the
    ticket that would be issued. Green people who come later are not foreseen.
    """
    line = Lineup(waiting, lanes=lanes_used(policy.discipline))
    arrivals, clock = _Arrivals(load, now, policy), _Clock(capacity, load, now, policy, fitted)
    calls = deque(recent, maxlen=max(policy.green_run, policy.return_every))
    tickets = {ticket.ticket_id: ticket for ticket in waiting}
    estimates: dict[int, Estimate] = {}
    for call in count():
        if len(estimates) == len(tickets):
            return estimates
        at = clock.when(clock.work_before(call))
        for arrival in arrivals.until(at):
            line.add(arrival)
        choice = next_from_heads(line.heads(), tuple(calls), at, policy)
        if choice is None:  # cannot be: a real ticket still waits, and the rule never idles
            break
        called = line.remove(choice.ticket_id)
        line.count_call()
        clock.called(called)
        calls.appendleft(RecentCall(called.track, called.returned_at is not None))
        if called.ticket_id in tickets:
            times = _times(clock, call, arrivals.numbers)
            estimates[called.ticket_id] = _told(called, len(estimates), times, now, fitted.long_share)
    return estimates


def _times(clock: _Clock, call: int, expected: float) -> tuple[datetime, datetime, datetime]:
    """Return the low end, the middle and the high end of the time of a call."""
    work, margin = clock.work_before(call), _Z80 * clock.spread(call, expected)
    return clock.when(work - margin), clock.when(work), clock.when(work + margin)


def _told(
    ticket: Waiting,
    people_ahead: int,
    times: tuple[datetime, datetime, datetime],
    now: datetime,
    long_share: float,
) -> Estimate:
    expected_at = times[1]
    low_min, expected_min, high_min = (_corrected(at - now, long_share) for at in times)
    promised = ticket.track is Track.WALK_IN and ticket.returned_at is None
    at_risk = promised and expected_at >= ticket.due_at + _MINUTE  # a ticket tells whole minutes
    low, high = floor(low_min), ceil(high_min)
    high = max(high, low + _NARROWEST_MINUTES)
    if promised and not at_risk:
        high = max(_NARROWEST_MINUTES, min(high, ceil((ticket.due_at - now) / _MINUTE)))
        low = min(low, high - _NARROWEST_MINUTES)
    return Estimate(
        people_ahead=people_ahead,
        expected_minutes=max(low, min(high, round(expected_min))),
        low_minutes=low,
        high_minutes=high,
        latest_at=ticket.due_at if promised and not at_risk else now + high * _MINUTE,
        promise_at_risk=at_risk,
    )


def _corrected(wait: timedelta, long_share: float) -> float:
    minutes = wait / _MINUTE
    return minutes - long_share * max(0.0, minutes - _LONG)
