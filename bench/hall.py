"""call-next and tickets: many officers and many presses at once, by the API."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from bench import call_floor
from bench import http_load as http
from bench.http_load import Answer, Client
from bench.result import Result, latencies, percentile
from bench.scale import Scale
from bench.stage import MOMENT, Stage
from bench.statements import statements_of
from bench.town import Place, bearer, make_hall, make_kiosk, make_officers, settle
from kernel.actor import SYSTEM
from queueing.issue import IssueTicket, issue
from queueing.models import Ticket

PACED_MS, BURST_MS = 30.0, 250.0
EACH_SECONDS = 2.0
_LINES, _BURSTS, _PACES = 5, 3, 6
_FULL = 409


@dataclass(slots=True)
class _Calls:
    """What officers were answered."""

    seconds: list[float] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, answer: Answer) -> str | None:
        """The label of the called ticket."""
        self.seconds.append(answer.seconds)
        ticket = answer.json()["ticket"] if answer.ok else None
        if ticket is None:
            self.wrong.append(f"call-next answered {answer.status}{'' if answer.ok else ' without a ticket'}")
            return None
        self.called.append(ticket["label"])
        return str(ticket["label"])


def call_next(stage: Stage, scale: Scale) -> Result:
    """Bursts in which everybody presses at once, beside the floor's; then each officer every two seconds."""
    with stage.parts.database.transaction() as session:
        place, bare = (make_hall(session, lines=_LINES, counters=scale.clerks) for _ in range(2))
        tokens = make_officers(session, scale.clerks)
    fill_line(stage, place, scale.waiting + (_BURSTS + 1) * scale.clerks)
    fill_line(stage, bare, (_BURSTS + 3) * scale.clerks)  # no pair of lines runs out
    settle(stage)
    for number, token in enumerate(tokens, 1):
        stage.client.post(f"/api/v1/halls/{place.code}/counters/{number}/open", headers=bearer(token))
    statements, first = statements_of(stage, call_address(place, 0), {}, bearer(tokens[0]))
    _finish(stage, place, first["ticket"]["label"], tokens[0])
    cold, bursts, paced = _Calls(), _Calls(), _Calls()
    _burst(stage, place, tokens, cold)  # connections and plans are made: as after a restart, and told apart
    call_floor.burst(stage, bare, tokens)
    floor: list[float] = []
    for _ in range(_BURSTS):
        _burst(stage, place, tokens, bursts)
        floor += call_floor.burst(stage, bare, tokens)
    _paced(stage, place, tokens, paced, paces=_PACES if scale.judged else 1)
    return _called(scale, (cold, bursts, paced), floor=floor, statements=statements)


def _called(
    scale: Scale, every: tuple[_Calls, _Calls, _Calls], *, floor: list[float], statements: int
) -> Result:
    """From the first burst, the other bursts, and the calls one by one."""
    _cold, bursts, paced = every
    twice = [label for label, times in Counter(_all(each.called for each in every)).items() if times > 1]
    first, burst, pace = (percentile(calls.seconds, 95) * 1000 for calls in every)
    bare = percentile(floor, 95) * 1000
    return Result(
        "call-next",
        "ms p95",
        ours=round(pace, 1),
        goal=f"no doubles, p95 ≤ {PACED_MS:.0f} ms; burst ≤ {BURST_MS:.0f} ms",
        meets=(pace <= PACED_MS and burst <= BURST_MS) if scale.judged else None,
        runs=_BURSTS,
        violations=[
            *sorted(set(_all(each.wrong for each in every))),
            *(f"ticket {label} called twice" for label in twice),
        ],
        note=f"{scale.clerks} officers, {scale.waiting} waiting, one call each {EACH_SECONDS:.0f} s; "
        f"burst of {scale.clerks}: p50 {percentile(bursts.seconds, 50) * 1000:.0f}, p95 {burst:.0f} ms, "
        f"bare views {bare:.0f} ms; the first after the start {first:.0f} ms; SQL statements: {statements}",
        facts={
            "burst_p95_ms": round(burst, 1),
            "burst_floor_p95_ms": round(bare, 1),
            "first_burst_p95_ms": round(first, 1),
            "statements": statements,
        },
        **latencies(paced.seconds),  # type: ignore[arg-type]  # by name
    )


def _all(lists: Iterable[list[str]]) -> list[str]:
    return [each for some in lists for each in some]


def call_address(place: Place, clerk: int) -> str:
    return f"/api/v1/halls/{place.code}/counters/{clerk + 1}/call-next"


def fill_line(stage: Stage, place: Place, waiting: int) -> None:
    """So many people wait, spread over the hall's lines."""
    for n in range(waiting):
        command = IssueTicket(place.hall_id, place.groups[n % len(place.groups)])
        with stage.parts.database.transaction() as session:
            issue(session, command, actor=SYSTEM, now=MOMENT)


def _step(place: Place, label: str, step: str) -> str:
    return f"/api/v1/halls/{place.code}/tickets/{label}/{step}"


def _finish(stage: Stage, place: Place, label: str, token: str) -> None:
    for step in ("start", "complete"):
        stage.client.post(_step(place, label, step), headers=bearer(token))


async def _complete(client: Client, place: Place, label: str | None, token: str) -> None:
    for step in ("start", "complete") if label is not None else ():
        await client.ask(http.request("POST", _step(place, str(label), step), headers=bearer(token)))


def _burst(stage: Stage, place: Place, tokens: list[str], calls: _Calls) -> None:
    everybody = asyncio.Barrier(len(tokens))

    async def work(client: Client, clerk: int) -> None:
        await client.ask(http.request("GET", "/health"))  # connected before the press
        await everybody.wait()
        pressed = await client.ask(
            http.request("POST", call_address(place, clerk), headers=bearer(tokens[clerk]))
        )
        label = calls.note(pressed)
        await everybody.wait()
        await _complete(client, place, label, tokens[clerk])

    http.all_at_once(stage.port, len(tokens), work)


def _paced(stage: Stage, place: Place, tokens: list[str], calls: _Calls, *, paces: int) -> None:
    """Officers press one after the other, evenly over the two seconds."""
    began = time.perf_counter() + 0.5

    async def work(client: Client, clerk: int) -> None:
        for pace in range(paces):
            at = began + EACH_SECONDS * (pace + clerk / len(tokens))
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            pressed = http.request("POST", call_address(place, clerk), headers=bearer(tokens[clerk]))
            await _complete(client, place, calls.note(await client.ask(pressed)), tokens[clerk])

    http.all_at_once(stage.port, len(tokens), work)


def tickets(stage: Stage, scale: Scale) -> Result:
    """All presses at once, each of them doubled; then a line that has room for some only."""
    with stage.parts.database.transaction() as session:
        roomy = make_hall(session, lines=1, counters=40)
        narrow = [make_hall(session, lines=1, counters=1, plan=0.25) for _ in range(2)]
        tokens = {place.code: make_kiosk(session, place) for place in (roomy, *narrow)}
    settle(stage)
    statements, _ = statements_of(
        stage, _kiosk(roomy), {"group": "A", "press_id": "first"}, bearer(tokens[roomy.code])
    )
    pressed = _press(stage, roomy, tokens[roomy.code], scale.presses, times=2)
    crowd = _press(stage, narrow[0], tokens[narrow[0].code], scale.presses)
    room = _one_by_one(stage, narrow[1], scale.presses)
    admitted = sum(answer.ok for _, answer in crowd)
    wrong = _doubles(stage, roomy, pressed, scale.presses + 1)
    if admitted != room:
        wrong.append(f"a line with room for {room} admitted {admitted} who pressed at once")
    seconds = [answer.seconds for _, answer in pressed]
    return Result(
        "tickets",
        "ms p95",
        ours=round(percentile(seconds, 95) * 1000, 1),
        goal="no duplicate, no gap, admission never passed",
        meets=not wrong if scale.judged else None,
        runs=1,
        violations=wrong,
        note=f"{scale.presses} presses at once, each sent twice; room for {room}, {admitted} admitted; "
        f"SQL statements: {statements}",
        facts={"statements": statements},
        **latencies(seconds),  # type: ignore[arg-type]  # by name
    )


def _kiosk(place: Place) -> str:
    return f"/api/v1/halls/{place.code}/tickets"


def _press(
    stage: Stage, place: Place, token: str, presses: int, *, times: int = 1
) -> list[tuple[int, Answer]]:
    """(press, answer) of every request."""
    found: list[tuple[int, Answer]] = []
    everybody = asyncio.Barrier(presses * times)

    async def work(client: Client, number: int) -> None:
        press = number % presses
        body = {"group": "A", "press_id": f"press-{press}"}
        await client.ask(http.request("GET", "/health"))
        await everybody.wait()
        found.append((press, await client.ask(http.request("POST", _kiosk(place), body, bearer(token)))))

    http.all_at_once(stage.port, presses * times, work)
    return found


def _one_by_one(stage: Stage, place: Place, presses: int) -> int:
    """How many of so many an equal line admits when nobody presses at the same time."""
    token = ""
    with stage.parts.database.transaction() as session:
        token = make_kiosk(session, place)
    answers = (
        stage.client.post(_kiosk(place), json={"group": "A", "press_id": f"{n}"}, headers=bearer(token))
        for n in range(presses)
    )
    return sum(answer.status_code != _FULL for answer in answers)


def _doubles(stage: Stage, place: Place, pressed: list[tuple[int, Answer]], issued: int) -> list[str]:
    wrong = sorted({f"a press was answered {each.status}" for _, each in pressed if not each.ok})
    told: dict[int, set[str]] = {}
    for press, answer in pressed:
        if answer.ok:
            told.setdefault(press, set()).add(answer.json()["reference"])
    wrong += [f"press {press} gave {len(refs)} tickets" for press, refs in told.items() if len(refs) > 1]
    with stage.parts.database.transaction() as session:
        ordinals = sorted(session.scalars(select(Ticket.ordinal).where(Ticket.hall_id == place.hall_id)))
    if ordinals != list(range(1, issued + 1)):
        wrong.append(f"{len(ordinals)} tickets, the last number {ordinals[-1:]}, of {issued} presses")
    return wrong
