"""A day of a Warsaw office, rebuilt from its queue boards, as a day file.

Rebuilt from data: who came when and for which queue, and how many windows were open in each half-hour.
Assumed, because the boards do not say: service times (log-normal, mean at most the open-window minutes per
call while someone waits, shortened until the plan can serve the day), who books, who is green, who stays
away. Queues that share windows keep a counter each of their own; the shared windows count once when the
service time is estimated. `docs/day-files.md` tells all of it.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from random import Random
from string import ascii_uppercase

from kernel.errors import Conflict
from twin.day_file import Day, DayCounter, DayGroup, OpenLine
from twin.day_people import Arrival, Shares, make_people, online_places
from twin.feasible import HALF_HOUR, Staffing, feasible_mean
from twin.synthetic_day import service_minutes
from twin.warsaw_board import read_office, readings_of_day
from twin.warsaw_flow import Flow, Reading, flows, minutes_per_call
from twin.warsaw_words import office_names, queue_names

GREEN_SHARE = 0.05
ABSENT_SHARE = 0.05
LONGEST_MEAN, USUAL_MEAN = 30.0, 8.0
LAST_HALF_HOUR = 47


class HallClosedThatDay(Conflict):
    """Nobody was called: a holiday, or a board that stood still."""

    code = "hall_closed_that_day"
    zh = "{office} 在 {on_date} 没有叫过号（节假日或未开放）。请换一天，例如 {dates}。"
    en = "{office} called nobody on {on_date} (a holiday, or closed). Choose another day, such as {dates}."


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue of the office on the day."""

    id: str
    letter: str
    name: str
    flows: tuple[Flow, ...]
    pool: int

    @property
    def people(self) -> int:
        """How many came."""
        return sum(flow.arrivals for flow in self.flows)

    @property
    def last_change(self) -> int:
        """The minute after which nobody came or was called any more."""
        return max((flow.ends for flow in self.flows if flow.calls or flow.arrivals), default=0)


def convert(
    path: Path,
    *,
    office: str,
    on_date: date,
    booked_share: float,
    seed: int,
    green_share: float = GREEN_SHARE,
    absent_share: float = ABSENT_SHARE,
) -> Day:
    """The day of `office` on the real date `on_date`; the same for the same seed.

    Raises `BoardFileInvalid`, `OfficeUnknown`, `BoardDateUnknown` or `HallClosedThatDay`.
    """
    readings = read_office(path, office)
    queues = _queues(readings, readings_of_day(readings, office=office, on_date=on_date))
    if not any(flow.calls for queue in queues for flow in queue.flows):
        raise HallClosedThatDay(office=office, on_date=on_date.isoformat(), dates=_busy_dates(readings))
    return _day(
        queues,
        office=office,
        on_date=on_date,
        shares=Shares(booked_share, green_share, absent_share),
        rng=Random(seed),
    )


def _busy_dates(readings: Iterable[Reading]) -> str:
    """Up to three dates on which somebody was called."""
    dates = sorted({reading.on_date.isoformat() for reading in readings if reading.called})
    return ", ".join(dates[:3]) or "–"


def _queues(readings: Sequence[Reading], day: Sequence[Reading]) -> list[Queue]:
    """The queues that had a window or people on the day, in the board's order."""
    pools = window_pools(readings)
    found = []
    for queue_id in dict.fromkeys(reading.queue for reading in day):
        own = [reading for reading in day if reading.queue == queue_id]
        if any(reading.windows or reading.waiting or reading.called for reading in own):
            found.append(Queue(queue_id, own[0].letter, own[0].name, tuple(flows(own)), pools[queue_id]))
    return found


def window_pools(readings: Iterable[Reading]) -> dict[str, int]:
    """Queue → number of its pool. Queues share their windows when the count was the same at every poll.

    Counts that never change prove nothing: such queues, and queues never open, stay alone.
    """
    series: dict[str, list[tuple[date, int, int]]] = {}
    for reading in readings:
        series.setdefault(reading.queue, []).append((reading.on_date, reading.minute, reading.windows))
    pools: dict[tuple[tuple[date, int, int], ...], int] = {}
    found: dict[str, int] = {}
    for number, (queue, counts) in enumerate(series.items()):
        key = tuple(counts)
        levels = {windows for _, _, windows in counts if windows}
        found[queue] = pools.setdefault(key, number) if len(levels) > 1 else number
    return found


def distinct_letters(wanted: Sequence[str]) -> list[str]:
    """A letter for each queue: its own where it is A to Z and not taken, else a free one, else AA, AB…."""
    found: list[str] = []
    for letter in wanted:
        own = letter.upper()
        found.append(own if own in set(ascii_uppercase) and own not in found else "")
    pairs = (first + second for first, second in itertools.product(ascii_uppercase, repeat=2))
    free = iter([one for one in ascii_uppercase if one not in found] + list(pairs))
    return [letter or next(free) for letter in found]


def _day(queues: Sequence[Queue], *, office: str, on_date: date, shares: Shares, rng: Random) -> Day:
    letters = distinct_letters([queue.letter for queue in queues])
    opens = min(flow.ends for queue in queues for flow in queue.flows if flow.calls) // HALF_HOUR
    upper = _upper_means(queues)
    groups: list[DayGroup] = []
    counters: list[DayCounter] = []
    lines: list[OpenLine] = []
    arrivals: list[Arrival] = []
    for letter, queue in zip(letters, queues, strict=True):
        staffing = _staffing(queue, opens=opens)
        own = _arrivals(queue, letter, upper=upper[queue.pool], staffing=staffing, rng=rng)
        mean = own[0]
        zh, en = queue_names(queue.name)
        groups.append(DayGroup(letter, letter, zh, en, mean, max(1, round(mean))))
        taken = len(counters)
        counters.extend(DayCounter(taken + at, (letter,)) for at in range(1, max(staffing.counters) + 1))
        lines.extend(_open_lines(letter, staffing))
        arrivals.extend(own[1])
    arrivals.sort(key=lambda one: (one.second, one.group))
    zh, en = office_names(office)
    return Day(
        hall_code=office.lower().replace("_", "-"),
        hall_name_zh=zh,
        hall_name_en=en,
        on_date=on_date,
        time_zone="Europe/Warsaw",
        groups=tuple(groups),
        counters=tuple(counters),
        open=tuple(lines),
        people=make_people(arrivals, online_places(groups, lines), shares=shares, rng=rng),
    )


def _upper_means(queues: Sequence[Queue]) -> dict[int, float]:
    """Pool → the most that a service can last on average."""
    found: dict[int, float] = {}
    for pool in {queue.pool for queue in queues}:
        measured = minutes_per_call([queue.flows for queue in queues if queue.pool == pool])
        found[pool] = min(LONGEST_MEAN, measured or USUAL_MEAN)
    return found


def _staffing(queue: Queue, *, opens: int) -> Staffing:
    """Windows by half-hour: what the board says on average, at least one from opening to the last person.

    Boards are often left switched on in the evening: windows later than half an hour after the last change
    do not count. A queue that nobody came to keeps one counter.
    """
    closes = min(LAST_HALF_HOUR, max(queue.last_change // HALF_HOUR, opens) + 1)
    counters = [0] * (closes + 1)
    for at in range(opens, closes + 1):
        seen = [flow.windows for flow in queue.flows if flow.ends // HALF_HOUR == at]
        counters[at] = max(1, round(sum(seen) / len(seen))) if seen and queue.people else 1
    return Staffing(tuple(counters))


def _arrivals(
    queue: Queue, group: str, *, upper: float, staffing: Staffing, rng: Random
) -> tuple[float, list[Arrival]]:
    """(mean service minutes, the queue's people): each comes at random within the poll that showed them."""
    seconds = sorted(
        flow.starts * 60 + rng.randrange((flow.ends - flow.starts) * 60)
        for flow in queue.flows
        for _ in range(flow.arrivals)
    )
    # Enough digits that the rounding to tenths of a minute happens once, below.
    factors = [service_minutes(1000.0, rng) / 1000 for _ in seconds]
    mean = feasible_mean(upper, [second / 60 for second in seconds], factors, staffing)
    minutes = [max(0.3, round(mean * factor, 1)) for factor in factors]
    return mean, [Arrival(group, second, one) for second, one in zip(seconds, minutes, strict=True)]


def _open_lines(group: str, staffing: Staffing) -> list[OpenLine]:
    """One line per half-hour with counters open."""
    return [
        OpenLine(group, _clock(at), _clock(at + 1), float(counters))
        for at, counters in enumerate(staffing.counters)
        if counters
    ]


def _clock(half_hour: int) -> time:
    return time(half_hour // 2 % 24, half_hour % 2 * 30)
