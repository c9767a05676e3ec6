"""rush: a release, and many more citizens than numbers. Exactly as many are booked; nobody meets an error."""

from collections import Counter
from random import Random

from sqlalchemy import text

import booking.doctor
from bench import http_load as http
from bench.book import hold_body
from bench.http_load import Answer, Client
from bench.result import Result, latencies, percentile
from bench.scale import Scale
from bench.stage import Stage
from bench.town import TOMORROW, Place, make_hall, make_numbers, person, settle, slot_at

GOAL = 5.0
_HALVES = 5
_TAKEN = 409
_FIRST_SERIAL = 5_000_000  # other citizens than those of `book`


def rush(stage: Stage, scale: Scale) -> Result:
    """Each citizen asks once for one of five half-hours; who is refused goes away."""
    with stage.parts.database.transaction() as session:
        place = make_hall(session, lines=1, counters=20)
        make_numbers(session, place, each=scale.numbers // _HALVES, halves=_HALVES)
    settle(stage)
    bare = _bare(stage, scale)
    holds, books, seconds = _crowd(stage, place, scale)
    refusals = [answer.seconds for answer in holds if answer.status == _TAKEN]
    ours, floor = (percentile(each, 99) * 1000 for each in (refusals, bare))
    violations = _broken(stage, place, scale, holds, books)
    return Result(
        "rush",
        "citizens/s",
        ours=round(scale.citizens / seconds, 1),
        goal=f"exact, no 5xx, p99 of a refusal ≤ {GOAL:.0f} × a bare view's",
        meets=ours <= GOAL * floor if scale.judged else None,
        runs=1,
        violations=violations,
        note=f"{scale.citizens:,} citizens, {scale.numbers} numbers, {scale.connections} connections; "
        f"p99 of a refusal {ours:.0f} ms, of a bare view {floor:.0f} ms ({ours / floor:.1f} ×)",
        facts={"refusal_p99_ms": round(ours, 1), "bare_p99_ms": round(floor, 1)},
        **latencies(refusals),  # type: ignore[arg-type]  # by name
    )


def _crowd(stage: Stage, place: Place, scale: Scale) -> tuple[list[Answer], list[Answer], float]:
    holds: list[Answer] = []
    books: list[Answer] = []
    random = Random(1)
    citizens = iter(range(_FIRST_SERIAL, _FIRST_SERIAL + scale.citizens))

    async def work(client: Client, _number: int) -> None:
        for serial in citizens:
            sender = http.browser(serial)
            body = hold_body(place, 0, slot_at(TOMORROW, random.randrange(_HALVES)))
            held = await client.ask(http.request("POST", "/api/v1/holds", body, sender))
            holds.append(held)
            if held.ok:
                told = person(serial) | {"hold_token": held.json()["token"]}
                books.append(await client.ask(http.request("POST", "/api/v1/appointments", told, sender)))

    seconds = http.all_at_once(stage.port, scale.connections, work)
    return holds, books, seconds


def _bare(stage: Stage, scale: Scale) -> list[float]:
    """How long a bare view takes in such a crowd."""
    found: list[float] = []
    left = iter(range(scale.citizens))
    asked = http.request("GET", "/bytes/600")

    async def work(client: Client, _number: int) -> None:
        for _ in left:
            found.append((await client.ask(asked)).seconds)  # noqa: PERF401 - one after the other

    http.all_at_once(stage.floor_port, scale.connections, work)
    return found


def _broken(stage: Stage, place: Place, scale: Scale, holds: list[Answer], books: list[Answer]) -> list[str]:
    count = "SELECT count(appointment_id), count(DISTINCT appointment_id) FROM number WHERE hall_id = :hall"
    with stage.parts.database.transaction() as session:
        bound = session.execute(text(count), {"hall": place.hall_id}).one()
        broken = [str(violation) for violation in booking.doctor.check(session)]
    acknowledged = {answer.json()["reference"] for answer in books if answer.ok}
    if not len(acknowledged) == bound[0] == bound[1] == scale.numbers:
        broken.append(f"{len(acknowledged)} acknowledged, {bound[0]} numbers bound of {scale.numbers}")
    odd = Counter(answer.status for answer in [*holds, *books] if not answer.ok and answer.status != _TAKEN)
    return broken + [f"{many} answers {status or 'timed out'}" for status, many in odd.items()]
