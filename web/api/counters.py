"""Counters at work: open, pause, resume, close, and call the next ticket."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from sqlalchemy.orm import Session

from booking.errors import RequestInProgress
from halls.models import Counter, Hall
from halls.queries import CounterNotFound, HallUnknown, get_counter_by_number, get_hall, list_groups
from kernel.actor import Actor
from kernel.direct import Direct
from queueing import counters
from queueing.call_at_once import CalledAtOnce, CalledElsewhere, call_at_once
from queueing.call_next import Called, call_to
from queueing.desk import Seat, list_seats
from queueing.errors import (
    AlreadyAtCounter,
    CounterBusy,
    CounterNotOpen,
    CounterPaused,
    CounterTaken,
    NotYourCounter,
    PauseReasonUnknown,
    PressReused,
)
from queueing.models import CounterSession
from queueing.queries import current_ticket
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once, answer_once_at_once, key_of_request, press_of
from web.api.schemas import queue as shapes
from web.bare import bare
from web.guards import bearer_only

blueprint = Blueprint("counters", __name__, description="Windows at work. 窗口")

COUNTER = shapes.CounterNowSchema()
CALLED = shapes.CalledSchema()
ADDRESS = "/halls/<code:code>/counters/<int(max=999):number>"

VERBS: dict[str, Callable[..., CounterSession]] = {
    "open": counters.open_counter,
    "resume": counters.resume_counter,
    "close": counters.close_counter,
}


@blueprint.get("/halls/<code:code>/counters")
@bearer_only("counter.work")
@refuses(HallUnknown)
@blueprint.response(200, shapes.CounterListSchema())
def list_counters_now(code: str) -> dict[str, Any]:
    """List the hall's counters: who is open, and which ticket is there.

    查询各窗口状态和正在办理的号票。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("counter.work", hall.id)
        return {"counters": _counters(session, hall)}


@blueprint.post(f"{ADDRESS}/<any({','.join(VERBS)}):verb>")
@bearer_only("counter.work")
@refuses(
    HallUnknown, CounterNotFound, CounterNotOpen, CounterTaken, AlreadyAtCounter, CounterBusy, NotYourCounter
)
@blueprint.response(200, COUNTER)
def work_counter(code: str, number: int, verb: str) -> dict[str, Any]:
    """Open, resume or close a counter.

    开窗、恢复或关窗。
    """
    with edge.transaction() as session:
        hall, counter, actor = _at(session, code, number, "counter.work")
        VERBS[verb](session, counter.id, actor=actor, now=edge.now())
        return _counter(session, hall, number)


@blueprint.post(f"{ADDRESS}/pause")
@bearer_only("counter.work")
@refuses(HallUnknown, CounterNotFound, CounterNotOpen, PauseReasonUnknown, NotYourCounter)
@blueprint.arguments(shapes.PauseSchema())
@blueprint.response(200, COUNTER)
def pause_counter(body: Mapping[str, str], code: str, number: int) -> dict[str, Any]:
    """Pause a counter with a reason.

    暂停窗口并说明原因。
    """
    with edge.transaction() as session:
        hall, counter, actor = _at(session, code, number, "counter.work")
        counters.pause_counter(session, counter.id, reason=body["reason"], actor=actor, now=edge.now())
        return _counter(session, hall, number)


@blueprint.post(f"{ADDRESS}/call-next")
@bare
@bearer_only("ticket.call")
@idempotent
@refuses(
    HallUnknown,
    CounterNotFound,
    CounterNotOpen,
    CounterPaused,
    CounterBusy,
    NotYourCounter,
    PressReused,
)
@blueprint.response(200, CALLED)
def call_next_ticket(code: str, number: int) -> Response:
    """Call the next ticket by the hall's rule, with the reason. The same key gets the same ticket.

    按规则叫下一位，并说明理由；同一 `Idempotency-Key` 返回同一张号票。
    """
    answer = _call_at_once(code, number)
    if answer is not None:
        return answer

    def work(session: Session) -> dict[str, Any]:
        at_work = counters.lock_at_work(session, code, number)
        if at_work is None:
            hall, counter, _actor = _at(session, code, number, "ticket.call")
            running = counters.lock_session(session, counter.id)  # or it says why not
        else:
            hall, counter, running = at_work
        actor = edge.require("ticket.call", hall.id)
        key = press_of(actor, key_of_request())
        return _called(session, hall, call_to(session, running, actor=actor, now=edge.now(), press_key=key))

    return answer_once(work, CALLED, status=200, caller=edge.actor())


def _call_at_once(code: str, number: int) -> Response | None:
    """The plain case; None for the way that waits, and says why where nobody is called."""
    actor, now = edge.actor(), edge.now()
    key = press_of(actor, key_of_request())

    def work(direct: Direct) -> CalledAtOnce | None:
        return call_at_once(direct, code, number, actor=actor, now=now, press_key=key)

    tell = partial(present.called_at_once, hall=code, counter=number)
    try:
        return answer_once_at_once(work, tell, status=200, caller=actor)
    except (CalledElsewhere, RequestInProgress):
        return None


def _at(session: Session, code: str, number: int, permission: str) -> tuple[Hall, Counter, Actor]:
    hall = get_hall(session, code)
    actor = edge.require(permission, hall.id)
    return hall, get_counter_by_number(session, hall.id, number), actor


def _called(session: Session, hall: Hall, called: Called | None) -> dict[str, Any]:
    if called is None:
        return {"ticket": None, "reason_zh": None, "reason_en": None}
    zone = ZoneInfo(hall.time_zone)
    return {
        "ticket": present.ticket_at_work(session, called.ticket, now=edge.now()),
        "reason_zh": called.reason.text("zh", zone),
        "reason_en": called.reason.text("en", zone),
    }


def _counters(session: Session, hall: Hall) -> list[dict[str, Any]]:
    codes = present.codes_of(list_groups(session, hall.id))
    return [_seat(session, seat, codes) for seat in list_seats(session, hall.id)]


def _counter(session: Session, hall: Hall, number: int) -> dict[str, Any]:
    return next(each for each in _counters(session, hall) if each["number"] == number)


def _seat(session: Session, seat: Seat, codes: Mapping[int, str]) -> dict[str, Any]:
    running = seat.running
    return {
        "number": seat.counter.number,
        "state": running.state if running is not None else "closed",
        "pause_reason": running.pause_reason if running is not None else None,
        "groups": [codes[group_id] for group_id in seat.counter.group_ids],
        "ticket": current_ticket(session, seat.counter.id) if running is not None else None,
    }
