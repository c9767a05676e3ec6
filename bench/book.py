"""book: hold and confirm by the API, distinct citizens, beside bare views with one statement each."""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import booking.doctor
from bench import http_load as http
from bench.http_load import Client
from bench.pairs import Measured, in_turns
from bench.result import Result
from bench.scale import Scale
from bench.stage import MOMENT, Stage
from bench.statements import statements_of
from bench.town import TOMORROW, Place, make_hall, make_numbers, person, settle, slot_at
from halls.queries import get_hall_by_id

GOAL = 0.5
_LINES, _DAYS, _HALVES = 5, 4, 16  # Tuesday to Friday
_serial = count(1)


def book(stage: Stage, scale: Scale) -> Result:
    """Whole bookings a second, ours and the floor's."""
    with stage.parts.database.transaction() as session:
        halls = [make_hall(session, lines=_LINES, counters=20) for _ in range(2)]
        each = 150 if scale.judged else 40
        for place in halls:
            make_numbers(session, place, each=each, days=_DAYS, halves=_HALVES)
    settle(stage)
    counts = _count_statements(stage, halls[0])
    if scale.warm_up:
        # Connections keep their plans: one made while the tables were empty reads whole tables once they are
        # not. In a running city autovacuum has seen the rows; here both ways are begun, and then analysed.
        _ours(stage, halls[0], scale, 2 * scale.warm_up)
        _floor(stage, halls[1], scale, 2 * scale.warm_up)
        settle(stage)
    pairs = in_turns(partial(_ours, stage, halls[0], scale), partial(_floor, stage, halls[1], scale), scale)
    figures = pairs.figures()
    ratio = figures["ratio"] or 0.0
    return Result(
        "book",
        "bookings/s",
        goal=f"ratio ≥ {GOAL}",
        meets=ratio >= GOAL if scale.judged else None,
        runs=scale.runs,
        violations=[*pairs.wrong(), *_broken(stage)],
        note=f"{scale.clients} clients; SQL statements: hold {counts[0]}, book {counts[1]}",
        facts={"statements_hold": counts[0], "statements_book": counts[1]},
        **figures,  # type: ignore[arg-type]  # ours is never None
    )


def _broken(stage: Stage) -> list[str]:
    with stage.parts.database.transaction() as session:
        return [str(violation) for violation in booking.doctor.check(session)]


def _slot_of(serial: int, place: Place) -> tuple[int, Any]:
    """Citizens spread over lines, days and half-hours: (line, start)."""
    rest, line = divmod(serial, len(place.groups))
    rest, half = divmod(rest, _HALVES)
    return line, slot_at(TOMORROW + timedelta(days=rest % _DAYS), half)


def hold_body(place: Place, line: int, starts_at: Any) -> dict[str, Any]:
    """What `POST /holds` wants."""
    return {"hall": place.code, "services": [place.services[line]], "starts_at": starts_at.isoformat()}


def _count_statements(stage: Stage, place: Place) -> tuple[int, int]:
    with stage.parts.database.transaction() as session:
        get_hall_by_id(session, place.hall_id)  # the pool's own first statements are nobody's
    serial = next(_serial)
    body = hold_body(place, *_slot_of(serial, place))
    holding, held = statements_of(stage, "/api/v1/holds", body, http.browser(serial))
    told = person(serial) | {"hold_token": held["token"]}
    booking_, _ = statements_of(stage, "/api/v1/appointments", told, http.browser(serial))
    return holding, booking_


def _ours(stage: Stage, place: Place, scale: Scale, seconds: float) -> Measured:
    found = Measured()

    async def work(client: Client, _number: int) -> None:
        serial = next(_serial)
        sender = http.browser(serial)
        body = hold_body(place, *_slot_of(serial, place))
        held = await client.ask(http.request("POST", "/api/v1/holds", body, sender))
        if not held.ok:
            found.wrong.append(f"hold answered {held.status}")
            return
        told = person(serial) | {"hold_token": held.json()["token"]}
        booked = await client.ask(http.request("POST", "/api/v1/appointments", told, sender))
        if not booked.ok:
            found.wrong.append(f"book answered {booked.status}")
            return
        found.done += 1
        found.each.append(held.seconds + booked.seconds)

    found.seconds = http.for_seconds(stage.port, scale.clients, work, seconds)
    return found


def _floor(stage: Stage, place: Place, scale: Scale, seconds: float) -> Measured:
    found = Measured()
    now, until = MOMENT.isoformat(), (MOMENT + timedelta(minutes=10)).isoformat()

    async def work(client: Client, _number: int) -> None:
        line, starts_at = _slot_of(next(_serial), place)
        slot = {
            "hall_id": place.hall_id, "group_id": place.groups[line], "on_date": starts_at.date().isoformat(),
            "starts_at": starts_at.isoformat(), "now": now, "held_until": until,
        }  # fmt: skip
        held = await client.ask(http.request("POST", "/hold", slot))
        booked = (
            await client.ask(http.request("POST", "/book", {"token": held.json()["token"], "now": now}))
            if held.ok
            else held
        )
        if not booked.ok:
            found.wrong.append(f"the floor answered {booked.status}")
            return
        found.done += 1
        found.each.append(held.seconds + booked.seconds)

    found.seconds = http.for_seconds(stage.floor_port, scale.clients, work, seconds)
    return found
