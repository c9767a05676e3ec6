"""messages: from the event of a booking to a gateway that takes 50 ms, by one relay and one worker."""

import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bench.result import Result, latencies, percentile
from bench.scale import Scale
from bench.stage import MOMENT, Stage, running
from bench.town import TOMORROW, Place, make_hall, make_numbers, settle, slot_at
from booking.book import Book, book
from booking.hold import HoldSlot, hold
from kernel import clock
from kernel.actor import ANONYMOUS
from kernel.outbox import EventDelivery, OutboxEvent
from notifications.models import Message, SimulatedSms
from people.sample_ids import sample_resident_id

PER_SECOND, LAG_SECONDS = 200.0, 2.0
_GATEWAY_MS, _EVERY = 50, 0.1
_HALVES, _LONGEST_WAIT = 16, 90.0
_MANY, _FEW = 1_000, 20
_FIRST_PERSON = 5_000_000  # nobody else's in this database

_ACCEPTED = select(Message.subject_id, Message.accepted_at).where(
    Message.template == "booked", Message.subject_kind == "appointment", Message.accepted_at.is_not(None)
)


def messages(stage: Stage, scale: Scale) -> Result:
    """Bookings are told at 200 a second; how long until the gateway has taken each confirmation."""
    many = _MANY if scale.judged else _FEW
    events = _book(stage, many + 1)
    settings = replace(stage.parts.settings, console_delay_ms=_GATEWAY_MS, job_workers=1)
    command = [sys.executable, "-m", "cli.main"]
    with ExitStack() as stack:
        for process in ("relay", "worker"):
            stack.enter_context(running([*command, process], settings, ""))
        first, *others = events.items()
        _tell(stage, [first[1]])
        _wait_for(stage, [first[0]])  # both are up
        told = _tell_in_time(stage, others)
        accepted = _wait_for(stage, list(told))
    lags = [(accepted[each] - told[each]).total_seconds() for each in told if each in accepted]
    took = (max(accepted.values()) - min(told.values())).total_seconds() if accepted else 0.0
    rate = len(lags) / took if took else 0.0
    lag = percentile(lags, 95) if lags else _LONGEST_WAIT
    # The last ones are told just before the end, and answered after their lag.
    enough = rate >= PER_SECOND * many / (many + PER_SECOND * LAG_SECONDS)
    return Result(
        "messages",
        "messages/s",
        ours=round(rate, 1),
        goal=f"≥ {PER_SECOND:.0f}/s with one worker, lag p95 ≤ {LAG_SECONDS:.0f} s",
        meets=(enough and lag <= LAG_SECONDS) if scale.judged else None,
        runs=1,
        violations=_broken(stage, list(told)),
        note=f"{len(told)} bookings told at {PER_SECOND:.0f}/s, gateway of {_GATEWAY_MS} ms",
        facts={"lag_p95_s": round(lag, 3)},
        **latencies(lags or [_LONGEST_WAIT]),  # type: ignore[arg-type]  # by name
    )


def _book(stage: Stage, many: int) -> dict[int, int]:
    """So many bookings: appointment → its event, which the relay does not see yet."""
    with stage.parts.database.transaction() as session:
        place = make_hall(session, lines=1, counters=4)
        make_numbers(session, place, each=many // _HALVES + 1)
    settle(stage)
    booked = []
    for nth in range(many):
        with stage.parts.database.transaction() as session:
            booked.append(_book_one(session, place, nth))
    with stage.parts.database.transaction() as session:
        # Nor does the worker see what other benchmarks of this stage have left: it would do that first.
        session.execute(update(OutboxEvent).values(dispatched_at=clock.real_now()))
        session.execute(update(EventDelivery).values(done_at=clock.real_now()))
        about = OutboxEvent.payload["appointment_id"].as_integer()
        rows = session.execute(
            select(about, OutboxEvent.id).where(OutboxEvent.name == "AppointmentBooked", about.in_(booked))
        )
        return {row[0]: row[1] for row in rows}


def _book_one(session: Session, place: Place, nth: int) -> int:
    starts_at = slot_at(TOMORROW, nth % _HALVES)
    held = hold(session, HoldSlot(place.code, (place.services[0],), starts_at), actor=ANONYMOUS, now=MOMENT)
    serial = _FIRST_PERSON + nth
    command = Book(held.token, "张三", "resident_id", sample_resident_id(serial), f"+86138{serial:08d}")
    return book(session, command, actor=ANONYMOUS, now=MOMENT).id


def _tell(stage: Stage, event_ids: list[int]) -> datetime:
    """Let the relay see these events now."""
    at = clock.real_now()
    with stage.parts.database.transaction() as session:
        these = update(OutboxEvent).where(OutboxEvent.id.in_(event_ids))
        session.execute(these.values(dispatched_at=None, recorded_at=at))
    return at


def _tell_in_time(stage: Stage, events: list[tuple[int, int]]) -> dict[int, datetime]:
    """Tell of a tenth of a second's bookings each tenth of a second; appointment → when."""
    told: dict[int, datetime] = {}
    each = int(PER_SECOND * _EVERY)
    began = time.monotonic()
    for nth, start in enumerate(range(0, len(events), each)):
        time.sleep(max(0.0, began + nth * _EVERY - time.monotonic()))
        batch = events[start : start + each]
        at = _tell(stage, [event_id for _appointment, event_id in batch])
        told |= dict.fromkeys((appointment for appointment, _event in batch), at)
    return told


def _wait_for(stage: Stage, appointments: list[int]) -> dict[int, datetime]:
    """Appointment → when the gateway had taken its confirmation, once it has taken all, or long after."""
    until = time.monotonic() + _LONGEST_WAIT
    while True:
        with stage.parts.database.transaction() as session:
            rows = session.execute(_ACCEPTED.where(Message.subject_id.in_(appointments)))
            accepted = {row[0]: row[1] for row in rows if row[1] is not None}
        if len(accepted) == len(appointments) or time.monotonic() > until:
            return accepted
        time.sleep(_EVERY)


def _broken(stage: Stage, appointments: list[int]) -> list[str]:
    """None lost, none twice."""
    mine = (Message.template == "booked", Message.subject_id.in_(appointments))
    of_mine = select(Message.reference).where(*mine)
    with stage.parts.database.transaction() as session:
        sent = session.scalars(
            select(func.count())
            .select_from(SimulatedSms)
            .where(SimulatedSms.message_reference.in_(of_mine))
            .group_by(SimulatedSms.message_reference)
        ).all()
    wrong = []
    if len(sent) != len(appointments):
        wrong.append(f"{len(sent)} of {len(appointments)} bookings were confirmed")
    if any(times > 1 for times in sent):
        wrong.append(f"{sum(times > 1 for times in sent)} people were told twice")
    return wrong
