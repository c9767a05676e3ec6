"""Wishes for next time, offered once a booking stands: keep the person, ask this browser for no more codes.

They are no part of booking: who wants nothing kept presses nothing.
"""

from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import get_appointment, name_on
from booking.states import AppointmentState
from kernel.errors import DomainError
from people.citizens import phone_index
from people.models import Citizen
from people.saved_persons import is_kept, save_citizen
from web import edge
from web.citizen.face import blueprint
from web.guards import citizen_only, citizen_phone, fresh_phone
from web.known_browser import known_phone, remember_browser


@dataclass(frozen=True, slots=True)
class NextTime:
    """What may still be kept: the person of the booking, this browser."""

    person: bool = False
    browser: bool = False


def next_time(session: Session, appointment: Appointment) -> NextTime:
    """What the owner of the phone that booked may have kept; nothing for everybody else.

    The number of a person comes from the booking: what staff have booked is left out, as its phone has not
    shown that it knows the number. A browser is known by a code of the last half-hour only.
    """
    phone = citizen_phone()
    if phone is None or appointment.phone_index != phone_index(phone):
        return NextTime()
    citizen = session.get_one(Citizen, appointment.citizen_id)
    own = appointment.made_by == "citizen" and appointment.state == AppointmentState.BOOKED
    known = known_phone() == phone or fresh_phone() != phone
    there = own and citizen.erased_at is None
    return NextTime(there and not is_kept(session, phone, citizen), own and not known)


def _keep_person(session: Session, phone: str, appointment: Appointment) -> None:
    citizen, today = session.get_one(Citizen, appointment.citizen_id), edge.today()
    name = name_on(session, appointment)
    save_citizen(session, phone, citizen, name=name, today=today, actor=edge.actor(), now=edge.now())


@blueprint.post("/b/<reference>/next-time")
@citizen_only
def keep_for_next_time(reference: str) -> ResponseReturnValue:
    """Keep what the pressed button names; twice is once."""
    wish, phone = request.form.get("keep", ""), citizen_phone() or ""
    try:
        with edge.transaction() as session:
            appointment = get_appointment(session, reference)
            may = next_time(session, appointment)
            if may.person and wish in {"both", "person"}:
                _keep_person(session, phone, appointment)
    except DomainError as refusal:
        flash(refusal.sentence(edge.language()), "warn")
        return redirect(url_for(".booking", reference=reference), 303)
    if may.browser and wish in {"both", "browser"}:
        remember_browser(phone)
    flash(_("已记住。可以在“我的信息”里随时删除。"), "ok")
    return redirect(url_for(".booking", reference=reference), 303)
