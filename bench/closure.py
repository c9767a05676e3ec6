"""closure: a full hall closes in an emergency, until the availability that citizens ask for says so."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from sqlalchemy import text

import booking.doctor
from bench import http_load as http
from bench.http_load import Answer, Client
from bench.result import Result, latencies, middle
from bench.scale import Scale
from bench.stage import Stage
from bench.statements import counted
from bench.town import (
    TOMORROW,
    ZONE,
    Place,
    bearer,
    book_numbers,
    make_hall,
    make_numbers,
    make_officers,
    settle,
)

GOAL = 1.0
_LINES, _HALVES, _DAYS = 5, 16, 6  # the closed day, and days to move to
_ASKS_EVERY, _GIVES_UP = 0.01, 30.0
_ENDS_AT = datetime.combine(TOMORROW + timedelta(days=1), time_of_day.min, ZONE)
_LEFT = text("""
SELECT count(*) FILTER (WHERE number.appointment_id IS NULL),
       count(*) FILTER (WHERE appointment.state = 'booked')
FROM number LEFT JOIN appointment ON appointment.id = number.appointment_id
WHERE number.hall_id = :hall_id AND number.starts_at < :ends_at
""")


@dataclass(slots=True)
class _Seen:
    """Seconds from the press on: until the answer, and until citizens see it."""

    answered: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def closure(stage: Stage, scale: Scale) -> Result:
    """A hall of its own each time; four in five of its numbers of tomorrow are booked."""
    each = scale.closed_numbers // (_LINES * _HALVES)
    runs = scale.runs
    with stage.parts.database.transaction() as session:
        halls = [make_hall(session, lines=_LINES, counters=20) for _ in range(runs + 1)]
        for place in halls:
            make_numbers(session, place, each=each, days=_DAYS, halves=_HALVES)
        booked = sum(book_numbers(session, place, on=TOMORROW, each=each * 4 // 5) for place in halls)
        token = make_officers(session, 1, role="admin")[0]
    settle(stage)
    statements = _count_statements(stage, halls[-1], token)
    seen = _Seen()
    for place in halls[:-1]:
        asyncio.run(_close_and_look(stage, place, token, seen))
    violations = [*seen.wrong, *_broken(stage, halls)]
    numbers = each * _LINES * _HALVES
    return Result(
        "closure",
        "s",
        ours=middle(seen.visible),
        goal=f"seen by citizens ≤ {GOAL:.0f} s",
        meets=middle(seen.visible) <= GOAL if scale.judged else None,
        runs=runs,
        violations=violations,
        note=f"{numbers:,} numbers of a day, {booked // len(halls):,} of them booked and moved; "
        f"answered after {middle(seen.answered):.2f} s; {statements} SQL statements",
        facts={"numbers": numbers, "statements": statements, "answered_s": middle(seen.answered)},
        **latencies(seen.visible),  # type: ignore[arg-type]  # by name
    )


def _press(place: Place, token: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    body = {
        "ends_at": _ENDS_AT.isoformat(), "reason_zh": "停电", "emergency": True, "then": "move",
    }  # fmt: skip
    return f"/api/v1/halls/{place.code}/closures", body, bearer(token)


def _count_statements(stage: Stage, place: Place, token: str) -> int:
    path, body, headers = _press(place, token)
    with counted(stage.parts.database) as found:
        stage.client.post(path, json=body, headers=headers)
    return len(found)


async def _close_and_look(stage: Stage, place: Place, token: str, seen: _Seen) -> None:
    """One citizen asks again and again while the hall is closed."""
    path = f"/api/v1/halls/{place.code}/availability?service={place.services[0]}&days={_DAYS}"
    citizen, staff = Client(stage.port), Client(stage.port)
    asked = http.request("GET", path, headers={"Accept-Encoding": "identity"})
    before = await citizen.ask(asked)
    if not _free_tomorrow(before):
        seen.wrong.append("nothing was free before the closure")
    began = time.perf_counter()
    press, body, headers = _press(place, token)
    pressed = asyncio.create_task(staff.ask(http.request("POST", press, body, headers)))
    while _free_tomorrow(await citizen.ask(asked)):
        if time.perf_counter() - began > _GIVES_UP:
            seen.wrong.append(f"still free after {_GIVES_UP:.0f} s")
            break
        await asyncio.sleep(_ASKS_EVERY)
    seen.visible.append(time.perf_counter() - began)
    answer = await pressed
    seen.answered.append(answer.seconds)
    if not answer.ok:
        seen.wrong.append(f"the closure answered {answer.status}")
    for each in (citizen, staff):
        await each.close()


def _free_tomorrow(answer: Answer) -> bool:
    """Whether a citizen is told that there is a number on the day."""
    days = answer.json()["days"] if answer.ok else []
    return any(day["on"] == TOMORROW.isoformat() and day["free"] for day in days)


def _broken(stage: Stage, halls: list[Place]) -> list[str]:
    found = []
    with stage.parts.database.transaction() as session:
        for place in halls:
            free, booked = session.execute(_LEFT, {"hall_id": place.hall_id, "ends_at": _ENDS_AT}).one()
            if free or booked:
                found.append(f"{free} numbers free and {booked} booked in closed time")
        return found + [str(violation) for violation in booking.doctor.check(session)]
