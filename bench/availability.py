"""What is free: answers beside a bare view that sends as many bytes, and the reads alone, nothing cached."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random

import psycopg
from sqlalchemy import text

from bench import http_load as http
from bench.http_load import Client
from bench.pairs import Measured, in_turns
from bench.result import Result, latencies, percentile
from bench.scale import Scale
from bench.stage import Stage
from bench.statements import counted
from bench.town import TODAY, TOMORROW, Place, make_hall, make_numbers, settle, slot_at
from booking.availability import day_counts

GOAL = 0.7
COLD_P95_MS = 20.0
DAYS = 15
_HALLS, _COLD_CLIENTS = 30, 8


def availability(stage: Stage, scale: Scale) -> Result:
    """Answers a second of a hall with numbers."""
    return _answers(stage, scale, "availability", sold_out=False)


def sold_out(stage: Stage, scale: Scale) -> Result:
    """Answers a second of a hall without any: what everybody asks again and again."""
    return _answers(stage, scale, "sold-out", sold_out=True)


def _answers(stage: Stage, scale: Scale, name: str, *, sold_out: bool) -> Result:
    with stage.parts.database.transaction() as session:
        place = make_hall(session, lines=5, counters=20)
        make_numbers(session, place, each=12, days=DAYS)
    if sold_out:
        _book_all(stage, place, "id")
    settle(stage)
    path = f"/api/v1/halls/{place.code}/availability?service={place.services[0]}&days={DAYS}"
    with counted(stage.parts.database) as first:
        body = stage.client.get(path).data
    with counted(stage.parts.database) as again:
        stage.client.get(path)
    floor = f"/bytes/{len(body)}"
    pairs = in_turns(
        partial(_gets, stage.port, path, scale.clients),
        partial(_gets, stage.floor_port, floor, scale.clients),
        scale,
    )
    _book_all(stage, place, "NULL")  # nobody made these appointments: others check them
    figures = pairs.figures()
    return Result(
        name,
        "answers/s",
        goal=f"ratio ≥ {GOAL}, no SQL",
        meets=(figures["ratio"] or 0.0) >= GOAL and not again if scale.judged else None,
        runs=scale.runs,
        violations=pairs.wrong(),
        note=f"{scale.clients} clients, {DAYS} days, {len(body)} bytes; "
        f"SQL statements when asked first {len(first)}, again {len(again)}",
        facts={"statements": len(first), "statements_again": len(again)},
        **figures,  # type: ignore[arg-type]  # ours is never None
    )


def _book_all(stage: Stage, place: Place, appointment: str) -> None:
    with stage.parts.database.transaction() as session:
        book = text(f"UPDATE number SET appointment_id = {appointment} WHERE hall_id = :hall")
        session.execute(book, {"hall": place.hall_id})


def _gets(port: int, path: str, clients: int, seconds: float) -> Measured:
    found = Measured()
    asked = http.request("GET", path, headers={"Accept-Encoding": "identity"})

    async def work(client: Client, _number: int) -> None:
        answer = await client.ask(asked)
        found.done += answer.ok
        found.each.append(answer.seconds)
        if not answer.ok:
            found.wrong.append(f"{path.partition('?')[0]} answered {answer.status}")

    found.seconds = http.for_seconds(port, clients, work, seconds)
    return found


def availability_cold(stage: Stage, scale: Scale) -> Result:
    """Counting from the rows, nothing cached: before and after years of past numbers are added."""
    with stage.parts.database.transaction() as session:
        places = [make_hall(session, lines=1, counters=4) for _ in range(_HALLS)]
        for place in places:
            make_numbers(session, place, each=20, days=DAYS)
    settle(stage)
    _reads(stage, places, scale.warm_up)
    before = _reads(stage, places, scale.seconds)
    began = time.perf_counter()
    written = _write_past(stage, places, scale.past_numbers)
    settle(stage)
    took = time.perf_counter() - began
    _reads(stage, places, scale.warm_up)
    after = _reads(stage, places, scale.seconds)
    p95, p95_without = (percentile(each.each, 95) * 1000 for each in (after, before))
    return Result(
        "availability-cold",
        "reads/s",
        ours=round(after.per_second, 1),
        floor=round(before.per_second, 1),
        ratio=round(after.per_second / before.per_second, 3),
        goal=f"p95 ≤ {COLD_P95_MS:.0f} ms, as without the past",
        meets=p95 <= COLD_P95_MS if scale.judged else None,
        runs=1,
        violations=[*before.wrong, *after.wrong],
        note=f"{_COLD_CLIENTS} clients, {_HALLS} halls, {DAYS} days, {written:,} past numbers "
        f"(written in {took:.0f} s); floor: without the past, p95 {p95_without:.1f} ms",
        facts={"past_numbers": written, "p95_ms_without": round(p95_without, 2)},
        **latencies(after.each),  # type: ignore[arg-type]  # by name
    )


def _reads(stage: Stage, places: list[Place], seconds: float) -> Measured:
    """Each thread asks for one hall after the other, in an order of its own."""
    found = Measured()
    began = time.perf_counter()

    def ask_again(seed: int) -> list[float]:
        random, took = Random(seed), []
        while time.perf_counter() - began < seconds:
            place = random.choice(places)
            asked_at = time.perf_counter()
            with stage.parts.database.transaction() as session:
                days = day_counts(
                    session, place.groups, first_on=TODAY, last_on=TODAY + timedelta(days=DAYS), now=_NOW
                )
            took.append(time.perf_counter() - asked_at)
            if not days:
                found.wrong.append("a hall with numbers was told to have none")
        return took

    with ThreadPoolExecutor(_COLD_CLIENTS) as pool:
        for took in pool.map(ask_again, range(_COLD_CLIENTS)):
            found.each += took
    found.done, found.seconds = len(found.each), time.perf_counter() - began
    return found


_NOW = slot_at(TODAY, 1)  # as the clock of the stage
_PAST_SLOTS = """
INSERT INTO slot (hall_id, group_id, on_date, starts_at, ends_at, counters)
SELECT hall.hall_id, hall.group_id, day, starts_at, starts_at + interval '30 minutes', 4
FROM unnest(%(halls)s::bigint[], %(groups)s::bigint[]) AS hall(hall_id, group_id),
     generate_series(1, %(days)s) AS ago, generate_series(0, 15) AS half,
     LATERAL (SELECT %(tomorrow)s::date - 1 - ago::int AS day) AS of_day,
     LATERAL (SELECT day + time '09:00' + half * interval '30 minutes' AS local) AS of_clock,
     LATERAL (SELECT local AT TIME ZONE 'Asia/Shanghai' AS starts_at) AS of_half
"""
# Most were booked; every seventh stayed free, and stays in the index of free numbers.
_PAST_NUMBERS = """
INSERT INTO number (slot_id, hall_id, group_id, on_date, starts_at, ordinal, channel, released_at,
                    appointment_id)
SELECT slot.id, slot.hall_id, slot.group_id, slot.on_date, slot.starts_at, ordinal, 'online',
       slot.starts_at - interval '14 days',
       CASE WHEN mod(slot.id + ordinal, 7) > 0 THEN 1000000000 + slot.id * 20 + ordinal END
FROM slot, generate_series(1, 20) AS ordinal
WHERE slot.group_id = ANY (%(groups)s) AND slot.on_date < %(tomorrow)s::date - 1
"""


def _write_past(stage: Stage, places: list[Place], numbers: int) -> int:
    values = {
        "halls": [place.hall_id for place in places],
        "groups": [place.groups[0] for place in places],
        "days": max(1, numbers // (len(places) * 16 * 20)),
        "tomorrow": TOMORROW,
    }
    with psycopg.connect(stage.dsn, autocommit=True) as connection:
        # Who may, leaves out the look at the foreign key of each row: it has just been written.
        if connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",):
            connection.execute("SET session_replication_role = replica")
        connection.execute(_PAST_SLOTS, values)
        written = connection.execute(_PAST_NUMBERS, values).rowcount
        connection.execute("VACUUM (ANALYZE) number")
    return written
