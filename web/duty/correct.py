"""Corrections of an open appointment: found by its six digits or its reference, with a reason."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.correct import REASONS, Correction, correct
from booking.errors import AppointmentUnknown
from booking.models import Appointment
from booking.queries import find_by_code, get_appointment, groups_of, name_on
from catalog.models import Service
from catalog.queries import services_by_group, services_of
from halls.models import Hall
from kernel.errors import DomainError
from kernel.phone import normalise
from people.citizens import number_of
from people.identity import mask, mask_name
from people.models import Citizen
from people.names import check_name
from web import edge
from web.citizen.forms import kind_options, typed
from web.citizen.slots import day_of
from web.duty.face import blueprint, errors_of, my_hall
from web.guards import staff_only
from web.problems import status_of
from web.told_to_staff import refusals_audited

_FIELDS = ("name", "kind", "number", "phone", "service", "reason")


@blueprint.get("/<hall_code>/correct")
@staff_only("booking.correct")
def find_to_correct(hall_code: str) -> ResponseReturnValue:
    """Ask for day and code; the appointment follows."""
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "booking.correct")
        today = edge.today(hall.time_zone)
        on, code = day_of(request.args.get("day")) or today, request.args.get("code", "").strip()[:12]
        found = find_by_code(session, hall.id, on, code.replace(" ", "")) if code else None
    if found is not None:
        return redirect(url_for(".correction", hall_code=hall_code, reference=found.reference))
    here = url_for(".find_to_correct", hall_code=hall_code)
    page = render_template("duty/find.html", hall=hall, on=on, code=code, missing=bool(code), here=here)
    return page, 404 if code else 200


@blueprint.get("/<hall_code>/correct/<reference>")
@staff_only("booking.correct")
def correction(hall_code: str, reference: str) -> ResponseReturnValue:
    """What stands there, masked, and empty fields for what it should be."""
    return _page(hall_code, reference)


@blueprint.post("/<hall_code>/correct/<reference>")
@staff_only("booking.correct")
def submit_correction(hall_code: str, reference: str) -> ResponseReturnValue:
    """Correct what was filled in."""
    form = typed(request.form, *_FIELDS)
    try:
        told = refusals_audited(hall_code, form["kind"], form["number"])
        with told, edge.transaction() as session:
            _hall, appointment = _find(session, hall_code, reference)
            correct(session, appointment, _command(form), actor=edge.actor(), now=edge.now())
    except DomainError as refusal:
        return _page(hall_code, reference, form, errors_of(refusal)), status_of(refusal)
    flash(_("已更正，写入操作记录。"), "ok")
    return redirect(url_for(".correction", hall_code=hall_code, reference=reference), 303)


def _command(form: dict[str, str]) -> Correction:
    return Correction(
        reason=form["reason"],
        name=check_name(form["name"]) if form["name"] else "",
        identity_kind=form["kind"],
        identity_number=form["number"],
        phone=normalise(form["phone"]) if form["phone"] else "",
        service_code=form["service"],
    )


def _find(session: Session, hall_code: str, reference: str) -> tuple[Hall, Appointment]:
    hall = my_hall(session, hall_code, "booking.correct")
    appointment = get_appointment(session, reference)
    if appointment.hall_id != hall.id:
        raise AppointmentUnknown
    return hall, appointment


def _others(session: Session, appointment: Appointment) -> list[Service]:
    """What the lines of the visit handle."""
    handled = services_by_group(session, appointment.hall_id)
    return [each for group_id in sorted(groups_of(appointment)) for each in handled.get(group_id, [])]


def _page(
    hall_code: str,
    reference: str,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> str:
    with edge.transaction() as session:
        hall, appointment = _find(session, hall_code, reference)
        citizen = session.get_one(Citizen, appointment.citizen_id)
        return render_template(
            "duty/correct.html",
            hall=hall,
            booked=appointment,
            name=mask_name(name_on(session, appointment)),
            number=mask(number_of(citizen)),
            services=services_of(session, appointment.service_ids),
            others=_others(session, appointment),
            kinds=kind_options(),
            reasons=REASONS,
            form=form or {},
            errors=errors or {},
            here=url_for(".correction", hall_code=hall_code, reference=reference),
        )
