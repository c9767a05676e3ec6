"""PURE: rebuilding a queue's day from its board: how many were called and how many came, poll by poll.

calls = change of the number called; arrivals = change of the number called + change of people waiting.
The board lies in small ways, which is why neither is a plain difference:

- The number is blank when nobody was called for a while: the last one stands.
- It may step back (a number called out of order, a repeated call): that is no call.
- One queue may show several series (1, 2, 3… and 901, 902… for people with an appointment, or numbers with
  another letter sent over from another queue): each is followed for itself.
- A series may start at 201 and numbers may be skipped: a step counts no more calls than windows can make.
- Tickets issued = called + waiting never falls; where it seems to, the number was shown late or people
  left, and nobody new has come until it passes its old height.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

NUMBER = re.compile(r"([^\d\s]*)\s*(\d{1,4})")
BLOCK = 100
NEAR = 40
POLL_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of a board at one poll. `called` is the number shown, "" when none is."""

    on_date: date
    minute: int
    queue: str
    letter: str
    name: str
    windows: int
    waiting: int
    called: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What happened in one queue in [starts, ends), minutes since midnight."""

    starts: int
    ends: int
    windows: int
    waiting: int
    calls: int
    arrivals: int


@dataclass(slots=True)
class Series:
    """One running series of numbers: the highest called so far, and when it was last seen."""

    prefix: str
    last: int
    seen: int

    def continues(self, prefix: str, number: int) -> bool:
        """True if this number belongs to this series: near it, or in the same hundred."""
        near = abs(number - self.last) <= NEAR
        return prefix == self.prefix and (near or (number - 1) // BLOCK == (self.last - 1) // BLOCK)


def flows(readings: Sequence[Reading]) -> list[Flow]:
    """The day of one queue, from its readings in order of time."""
    found: list[Flow] = []
    series: list[Series] = []
    called = issued = 0
    before = readings[0].minute - POLL_MINUTES if readings else 0
    opened = before
    for reading in readings:
        if reading.windows == 0 and not series:
            opened = reading.minute - POLL_MINUTES
        calls = _calls(series, reading, opened=opened)
        called += calls
        arrivals = max(0, called + reading.waiting - issued)
        issued += arrivals
        if reading.minute > before:
            found.append(Flow(before, reading.minute, reading.windows, reading.waiting, calls, arrivals))
            before = reading.minute
        elif found:
            found[-1] = _merged(found[-1], reading, calls, arrivals)
    return found


def _merged(flow: Flow, reading: Reading, calls: int, arrivals: int) -> Flow:
    """Two readings of the same minute are one."""
    return Flow(
        flow.starts,
        flow.ends,
        reading.windows,
        reading.waiting,
        flow.calls + calls,
        flow.arrivals + arrivals,
    )


def _calls(series: list[Series], reading: Reading, *, opened: int) -> int:
    """How many people the number on the board says were called since this series was seen last."""
    match = NUMBER.fullmatch(reading.called)
    if match is None:
        return 0
    prefix, number = match[1], int(match[2])
    known = [one for one in series if one.continues(prefix, number)]
    if known:
        nearest = min(known, key=lambda one: abs(one.last - number))
        step, since = number - nearest.last, nearest.seen
        nearest.last, nearest.seen = max(nearest.last, number), reading.minute
    else:
        step, since = number % BLOCK or 1, opened
        series.append(Series(prefix, number, reading.minute))
    possible = max(1, reading.windows) * max(1, reading.minute - since)
    return max(0, min(step, possible))


def minutes_per_call(queues: Sequence[Sequence[Flow]]) -> float | None:
    """Open-window minutes per call while someone waits: an upper bound of the mean service time.

    `queues` share their windows, which count once. None when nobody was ever called while others waited.
    """
    by_poll: dict[int, list[Flow]] = {}
    for queue in queues:
        for flow in queue:
            by_poll.setdefault(flow.ends, []).append(flow)
    window_minutes = calls = 0
    for poll in by_poll.values():
        if any(flow.waiting for flow in poll):
            window_minutes += max(flow.windows * (flow.ends - flow.starts) for flow in poll)
            calls += sum(flow.calls for flow in poll)
    return window_minutes / calls if calls else None
