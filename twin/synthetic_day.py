"""PURE: a small invented day, the same for the same seed: two groups, three counters, one morning."""

import math
from datetime import date, time
from random import Random

from twin.day_file import Day, DayCounter, DayGroup, OpenLine
from twin.day_people import Arrival, Shares, make_people, online_places

SERVICE_CV = 0.7
OPENS, CLOSES = time(9), time(12, 30)
SHARES = Shares(booked=0.45, green=0.15, absent=0.06)
GROUPS = (
    DayGroup("A", "A", "户政", "Households and ID cards", 9.0, 9),
    DayGroup("B", "B", "出入境", "Exit and entry", 7.0, 7),
)
COUNTERS = (DayCounter(1, ("A",)), DayCounter(2, ("B",)), DayCounter(3, ("A", "B")))


def synthetic_day(*, people: int = 40, seed: int = 15, on_date: date = date(2026, 3, 4)) -> Day:
    """A day with so many people; the third counter is shared. The default seed has people of every kind."""
    rng = Random(seed)
    lines = tuple(OpenLine(group.code, OPENS, CLOSES, 1.5) for group in GROUPS)
    first, last = OPENS.hour * 3600 - 300, CLOSES.hour * 3600 - 1800
    arrivals = [
        Arrival(
            group=(group := GROUPS[0] if rng.random() < 0.55 else GROUPS[1]).code,  # noqa: PLR2004 - 55 %
            second=round(first + (last - first) * rng.betavariate(1.3, 1.8)),
            minutes=service_minutes(group.mean_minutes, rng),
        )
        for _ in range(people)
    ]
    return Day(
        hall_code="small-hall",
        hall_name_zh="小镇办事大厅",
        hall_name_en="Small Town Hall",
        on_date=on_date,
        time_zone="Asia/Shanghai",
        groups=GROUPS,
        counters=COUNTERS,
        open=lines,
        people=make_people(arrivals, online_places(GROUPS, lines), shares=SHARES, rng=rng),
    )


def service_minutes(mean: float, rng: Random, *, cv: float = SERVICE_CV) -> float:
    """A log-normal service time with this mean and coefficient of variation, in tenths of a minute.

    At least 0.3 and at most five times the mean: longer ones are cases that a counter would park.
    """
    sigma = math.sqrt(math.log(1 + cv * cv))
    drawn = mean * math.exp(rng.gauss(-sigma * sigma / 2, sigma))
    return round(min(max(drawn, 0.3), 5 * mean), 1)
