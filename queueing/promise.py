"""PURE: the latest call time that a walk-in is promised, printed on the ticket and its key in line.

For a walk-in who comes at t, with m the expected minutes of a service:

    P = max(P_previous, t + 20, v(t)),   v(t) = min{u : η·C(t,u) − m·p̂·F(t,u) ≥ m·(N+1) + r} − m

C(t,u): open counter-minutes in (t,u] (queueing.capacity). F(t,u): booked numbers that have not checked in
yet, with slots in (t,u]. p̂: the probability that a booked person comes. N: everyone who waits in the group;
m·N is the sum of their own expected minutes where their services are known.
r = ½·m·busy: the work that is still left at busy counters, of shared ones this line's part. η = 0.88 leaves
room for breaks and slow cases.
Nobody is called while every counter is closed: a v(t) before opening or at lunch becomes the next opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from queueing.capacity import Capacity
from queueing.policy import DEFAULT_POLICY, QueuePolicy

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Expected:
    """Booked numbers of one slot not checked in yet; a part of them for one counter of several."""

    slot_starts_at: datetime
    numbers: float


@dataclass(frozen=True, slots=True)
class AtCounter:
    """A busy counter as one of its lines sees it: its part in this line (1 unless it serves others too).

    `minutes` are expected for the person there if another line's; 0 for one of this line.
    """

    part: float = 1.0
    minutes: float = 0.0


def busy_with(counters: Iterable[AtCounter], service_minutes: float) -> tuple[float, float | None]:
    """Return `busy` and `busy_minutes` of a line's load."""
    there = list(counters)
    busy = sum(each.part for each in there)
    if not any(each.minutes for each in there):
        return busy, None
    return busy, sum(each.part * (each.minutes or service_minutes) for each in there)


@dataclass(frozen=True, slots=True)
class Load:
    """What a group has to do: m in minutes (change-over included), N waiting, busy counters, F by slot, p̂.

    `pace`: for estimates only, how long today's cases take (queueing.pace), from so many `pace_cases`.
    `waiting_minutes`: what is expected for those who wait, where their services are known; else m·N.
    A counter that serves several lines is `busy` in each with its part, whosever person is there;
    `busy_minutes`: what is expected for all of them, such parts counted, else m·busy. `idle`: whole counters
    that are free to call for this line now. `standby`: who waits without a promise, and is not in N; they are
    ahead of whoever comes now (queueing.admission).
    """

    service_minutes: float
    waiting: int
    busy: float = 0.0
    expected: Sequence[Expected] = ()
    show_probability: float = 1.0
    waiting_minutes: float | None = None
    pace: float = 1.0
    pace_cases: int = 0
    busy_minutes: float | None = None
    idle: int = 0
    standby: int = 0

    @property
    def work_minutes(self) -> float:
        """Return the counter-minutes of everybody who waits."""
        return self.service_minutes * self.waiting if self.waiting_minutes is None else self.waiting_minutes

    def with_more(self, people: float) -> Load:
        """Return the load with so many more who wait, rounded up, of average length."""
        waiting = ceil(self.waiting + people)
        minutes = self.work_minutes + self.service_minutes * (waiting - self.waiting)
        return replace(self, waiting=waiting, waiting_minutes=minutes)

    @property
    def residual_minutes(self) -> float:
        """Return r = ½·m·busy: on average half of a running service is left."""
        if self.busy_minutes is not None:
            return 0.5 * self.busy_minutes
        return 0.5 * self.service_minutes * self.busy

    @property
    def minutes_at_counter(self) -> float:
        """Return what those at counters take on average: m, unless other lines have people there."""
        if self.busy_minutes is None or not self.busy:
            return self.service_minutes
        return self.busy_minutes / self.busy

    def expected_between(self, after: datetime, until: datetime) -> float:
        """Return F(after, until): booked numbers not yet checked in, with slots in (after, until]."""
        return sum(slot.numbers for slot in self.expected if after < slot.slot_starts_at <= until)


def latest_call(
    capacity: Capacity, load: Load, now: datetime, policy: QueuePolicy = DEFAULT_POLICY
) -> datetime | None:
    """Return v(now); it may lie before `now` where counters are idle. None: not within the day.

    Booked people lower the left side in steps at their slots, so the first crossing is sought between them:
    with the slots up to s counted, the need is met at u; if no other slot starts until u, that is the first.
    """
    need = load.work_minutes + load.service_minutes + load.residual_minutes
    slots = sorted((slot.slot_starts_at, slot.numbers) for slot in load.expected if slot.slot_starts_at > now)
    met_at = capacity.reached_at(now, need / policy.promise_efficiency)
    for slot_starts_at, numbers in slots:
        if met_at is None or met_at < slot_starts_at:
            break
        need += load.service_minutes * load.show_probability * numbers
        met_at = capacity.reached_at(now, need / policy.promise_efficiency)
    if met_at is None:
        return None
    call_at = met_at - load.service_minutes * _MINUTE
    return call_at if call_at <= now else capacity.open_from(call_at)


def promised_call(
    capacity: Capacity,
    load: Load,
    now: datetime,
    *,
    previous: datetime | None,
    policy: QueuePolicy = DEFAULT_POLICY,
) -> datetime | None:
    """Return P, the promise for a walk-in who comes now, rounded up to the minute that the ticket shows.

    `previous` is the last promise that the group gave today: promises never go back. None where the capacity
    of the day does not reach: nothing can be promised, and admission refuses. Who is admitted all the same
    (by the duty officer) takes `promise_at_close`.
    """
    call_at = latest_call(capacity, load, now, policy)
    if call_at is None:
        return None
    return _up_to_minute(_latest(previous, now + policy.minimum_promise, call_at))


def promise_at_close(
    closes_at: datetime, now: datetime, *, previous: datetime | None, policy: QueuePolicy = DEFAULT_POLICY
) -> datetime:
    """Return the promise for someone admitted beyond the capacity of the day: closing, after all others."""
    return _up_to_minute(_latest(previous, now + policy.minimum_promise, closes_at))


def _latest(previous: datetime | None, *times: datetime) -> datetime:
    latest = max(times)
    return latest if previous is None else max(previous, latest)


def _up_to_minute(at: datetime) -> datetime:
    """The citizen reads minutes: a key between two would be another time than the ticket shows."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + _MINUTE
