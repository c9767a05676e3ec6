"""Move a booking to another slot of the same hall: the old numbers are kept until the new ones stand."""

from datetime import date, datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking.errors import SlotFull
from booking.hold import HoldSlot, hold
from booking.queries import get_appointment, person_of
from booking.reschedule import reschedule
from booking.states import AppointmentStateConflict
from booking.turns import wait_for_hall
from kernel.errors import DomainError
from web import edge
from web.citizen.bookings import Shown, shown
from web.citizen.face import blueprint
from web.citizen.places import Choice, read_choice
from web.citizen.slots import day_of, moment_of
from web.citizen.trip import Trip
from web.citizen.trip_places import TripChoice, read_trip_choice
from web.guards import public
from web.limits import limit_booking_try
from web.problems import status_of
from web.proof import ProofRequired, admit_hold


@blueprint.get("/b/<reference>/move")
@public
def move(reference: str) -> ResponseReturnValue:
    """Days and slots to choose from; a booking that has ended goes back to its page."""
    it, choice = _read(reference, day_of(request.args.get("day")))
    if not it.changeable:
        return redirect(url_for(".booking", reference=reference))
    return _page(it, choice)


@blueprint.post("/b/<reference>/move")
@public
def submit_move(reference: str) -> ResponseReturnValue:
    """Hold the new slot and move, in one transaction: nothing is lost when it is full."""
    starts_at, wanted = moment_of(request.form.get("starts_at")), day_of(request.form.get("day"))
    if starts_at is None:
        return _again(reference, wanted, {"starts_at": _("请选择一个时段。")}), 422
    try:
        _move(reference, starts_at)
    except ProofRequired:
        raise
    except (SlotFull, AppointmentStateConflict) as taken:
        return _again(reference, wanted, {"starts_at": taken.sentence(edge.language())}), 409
    except DomainError as refusal:
        return _again(reference, wanted, {"starts_at": refusal.sentence(edge.language())}), status_of(refusal)
    flash(_("预约已改期，请按新的时间到场。"), "ok")
    return redirect(url_for(".booking", reference=reference), 303)


def _move(reference: str, starts_at: datetime) -> None:
    """What comes before every hold comes before this one, too, with the proof at a release peak."""
    with edge.transaction() as session:
        it = shown(session, reference)
        wanted = HoldSlot(
            hall_code=it.hall.code,
            service_codes=tuple(visit.code for visit in it.visits),
            starts_at=starts_at,
            answers=it.appointment.answers,
        )
        admit_hold(session, wanted.hall_code, wanted.service_codes, starts_at)
        wait_for_hall(session, it.hall.id)  # a hall that closes waits for the numbers that `hold` locks
        held = hold(session, wanted, actor=edge.actor(), now=edge.now())
        appointment = get_appointment(session, reference)
        limit_booking_try(session, person_of(session, appointment), appointment.phone_index)
        reschedule(session, appointment, token=held.token, actor=edge.actor(), now=edge.now())


def _read(reference: str, wanted: date | None) -> tuple[Shown, Choice | TripChoice]:
    with edge.transaction() as session:
        it = shown(session, reference)
        if len(it.visits) > 1:
            trip = Trip(tuple(it.visits))
            return it, read_trip_choice(session, trip, it.hall.code, wanted=wanted, now=edge.now())
        return it, read_choice(session, it.visits[0], it.hall.code, wanted=wanted, now=edge.now())


def _again(reference: str, wanted: date | None, errors: dict[str, str]) -> str:
    return _page(*_read(reference, wanted), errors)


def _page(it: Shown, choice: Choice | TripChoice, errors: dict[str, str] | None = None) -> str:
    reference = it.appointment.reference
    return render_template(
        "citizen/slots.html" if isinstance(choice, Choice) else "citizen/visit_slots.html",
        moving=it,
        visit=it.visits[0],
        visits=it.visits,
        back=url_for(".booking", reference=reference),
        fields={},
        choice=choice,
        live="",
        action=url_for(".submit_move", reference=reference),
        tabs=[
            (tab, url_for(".move", reference=reference, day=tab.on_date.isoformat())) for tab in choice.days
        ],
        errors=errors or {},
        here=url_for(".move", reference=reference, day=choice.on_date.isoformat()),
    )
