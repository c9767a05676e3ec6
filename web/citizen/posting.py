"""Choose how to get the result: at the counter, or by post where every service of the visit allows it.

While booking, the choice is a step beside the way: nobody passes it who does not want it. Afterwards it may
be changed until check-in, by the owner of the phone that booked, after a fresh code: a booking's address may
be shared, and whoever has it must not send somebody's passport elsewhere.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.delivery import (
    Delivery,
    can_be_posted,
    check_address,
    check_delivery,
    check_postcode,
    delivery_of,
    set_delivery,
)
from booking.errors import AppointmentUnknown
from booking.models import Appointment
from booking.queries import get_appointment
from kernel.errors import DomainError, Invalid
from kernel.phone import as_dialled, normalise
from people.citizens import phone_index
from people.names import check_name
from web import edge
from web.citizen.bookings import shown
from web.citizen.face import blueprint
from web.citizen.forms import typed
from web.citizen.running import Running, keep_form, running_booking
from web.guards import citizen_just_verified, public
from web.problems import status_of

FIELDS = ("receiver", "phone", "address", "postcode")
_CHECKS: Mapping[str, Callable[[str], str]] = {
    "receiver": check_name,
    "phone": normalise,
    "address": check_address,
    "postcode": check_postcode,
}


def postable(running: Running) -> bool:
    """Whether the result of this visit can be sent home."""
    return all(visit.service.by_post for visit in running.visits)


def chosen_delivery(form: Mapping[str, Any]) -> Delivery | None:
    """What was chosen while booking."""
    kept = form.get("delivery")
    return Delivery(**kept) if kept else None


@blueprint.get("/booking/delivery")
@public
def delivery() -> ResponseReturnValue:
    """The choice, with what was filled in before."""
    running = running_booking()
    if running.reference or not postable(running):
        return redirect(url_for(".check"))
    return _page(running.form.get("delivery") or {}, url_for(".check"))


@blueprint.post("/booking/delivery")
@public
def submit_delivery() -> ResponseReturnValue:
    """Keep the choice with the draft."""
    running = running_booking()
    form = typed(request.form, *FIELDS)
    try:
        wanted = _wanted(form)
    except Invalid as wrong:
        return _page(form, url_for(".check"), wrong), status_of(wrong)
    kept = {name: getattr(wanted, name) for name in FIELDS} if wanted and postable(running) else None
    keep_form(running.token, {**running.form, "delivery": kept})
    return redirect(url_for(".check"), 303)


@blueprint.get("/b/<reference>/delivery")
@citizen_just_verified
def booked_delivery(reference: str) -> ResponseReturnValue:
    """The same for a booking that stands."""
    with edge.transaction() as session:
        appointment = _mine(session, reference)
        possible = can_be_posted(session, appointment.service_ids)
        changeable = shown(session, reference).changeable and possible
        now = delivery_of(appointment)
    if not changeable:
        return redirect(url_for(".booking", reference=reference))
    before = {name: getattr(now, name) for name in FIELDS} if now else {}
    return _page(before, url_for(".booking", reference=reference))


@blueprint.post("/b/<reference>/delivery")
@citizen_just_verified
def submit_booked_delivery(reference: str) -> ResponseReturnValue:
    """Change it."""
    form, back = typed(request.form, *FIELDS), url_for(".booking", reference=reference)
    try:
        with edge.transaction() as session:
            wanted, row = _wanted(form), _mine(session, reference)
            set_delivery(session, row, wanted, actor=edge.actor(), now=edge.now())
    except DomainError as refusal:
        if isinstance(refusal, AppointmentUnknown):
            raise
        return _page(form, back, refusal), status_of(refusal)
    flash(_("已改好：结果邮寄给您。") if wanted else _("已改好：结果到窗口领取。"), "ok")
    return redirect(back, 303)


def _mine(session: Session, reference: str) -> Appointment:
    """The appointment, if the verified phone booked it: to everybody else it does not exist."""
    appointment = get_appointment(session, reference)
    if appointment.phone_index != phone_index(g.phone):
        raise AppointmentUnknown
    return appointment


def _wanted(form: Mapping[str, str]) -> Delivery | None:
    if request.form.get("do") == "fetch":
        return None
    return check_delivery(form["receiver"], form["phone"], form["address"], form["postcode"])


def _page(form: dict[str, str], back: str, wrong: DomainError | None = None) -> str:
    labels = {
        "receiver": _("收件人"),
        "phone": _("收件手机"),
        "address": _("收件地址"),
        "postcode": _("邮政编码"),
    }
    return render_template(
        "citizen/delivery.html",
        form=form | {"phone": as_dialled(form.get("phone", ""))},
        back_url=back,
        errors=_errors(form, wrong) if wrong else {},
        labels=labels,
        here=request.path,
    )


def _errors(form: Mapping[str, str], wrong: DomainError) -> dict[str, str]:
    """All that is wrong with what was typed; where nothing is, why it cannot be posted at all."""
    found = {}
    for name, check in _CHECKS.items():
        try:
            check(form[name])
        except Invalid as fault:
            found[name] = fault.sentence(edge.language())
    return found or {"receiver": wrong.sentence(edge.language())}
