"""publish: sixty days of a hall of twelve counters, from its plan to the last number committed."""

import time
from datetime import timedelta

from sqlalchemy import delete

from bench.result import Result, latencies, middle
from bench.scale import Scale
from bench.stage import MOMENT, Stage
from bench.statements import counted
from bench.town import TODAY, make_hall
from booking.publish import publish as publish_days
from halls.models import PlanLine
from kernel.actor import SYSTEM

GOAL = 2.0
DAYS = 60
_COUNTERS, _LINES, _RUNS, _FRIDAY = 12, 5, 5, 5


def publish(stage: Stage, scale: Scale) -> Result:
    """A hall of its own each time: nothing is there yet."""
    runs = _RUNS if scale.judged else 1
    days = DAYS if scale.judged else 7
    seconds, added = [], 0
    for _ in range(runs):
        with stage.parts.database.transaction() as session:
            place = make_hall(session, lines=_LINES, counters=_COUNTERS)
            of_hall = PlanLine.group_id.in_(place.groups)
            session.execute(delete(PlanLine).where(of_hall, PlanLine.weekday > _FRIDAY))
        began = time.perf_counter()
        with counted(stage.parts.database) as statements:
            with stage.parts.database.transaction() as session:
                last_on = TODAY + timedelta(days=days - 1)
                added = publish_days(
                    session, place.hall_id, first_on=TODAY, last_on=last_on, actor=SYSTEM, now=MOMENT
                )
            seconds.append(time.perf_counter() - began)
    return Result(
        "publish",
        "s",
        ours=middle(seconds),
        goal=f"{DAYS} days ≤ {GOAL:.0f} s",
        meets=middle(seconds) <= GOAL if scale.judged else None,
        runs=runs,
        note=f"{days} days, {added:,} numbers",
        facts={"numbers": added, "statements": len(statements)},
        **latencies(seconds),  # type: ignore[arg-type]  # by name
    )
