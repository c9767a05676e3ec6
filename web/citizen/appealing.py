"""Say why a missed appointment should not count: the phone that booked it, once."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from booking import appeals
from booking.hall_rules import rules_of
from halls.queries import get_hall_by_id
from kernel.errors import DomainError
from web import edge
from web.citizen.face import blueprint
from web.guards import citizen_only
from web.limits import limit_phone
from web.problems import status_of


@blueprint.get("/my/missed/<reference>")
@citizen_only
def ask_appeal(reference: str) -> ResponseReturnValue:
    """What counts, what follows from it, and a field for the reason."""
    return _page(reference)


@blueprint.post("/my/missed/<reference>")
@citizen_only
def submit_appeal(reference: str) -> ResponseReturnValue:
    """Send it to the duty officer of that hall."""
    reason = request.form.get("reason", "")[:2000]
    try:
        with edge.transaction() as session:
            limit_phone(session, "appeal.phone", g.phone)
            appointment = appeals.get_own(session, reference, phone=g.phone)
            appeals.appeal(session, appointment, reason=reason, actor=edge.actor(), now=edge.now())
    except DomainError as refusal:
        errors = {"reason": refusal.sentence(edge.language())}
        return _page(reference, reason, errors), status_of(refusal)
    flash(_("申诉已提交。值班长处理后会发短信告诉您。"), "ok")
    return redirect(url_for(".my_bookings", _anchor="missed"), 303)


def _page(reference: str, reason: str = "", errors: dict[str, str] | None = None) -> str:
    with edge.transaction() as session:
        appointment = appeals.get_own(session, reference, phone=g.phone)
        hall = get_hall_by_id(session, appointment.hall_id)
        rules = rules_of(hall)
        open_to_appeal = appeals.can_appeal(appointment, rules=rules, now=edge.now())
        known = appeals.appeals_about(session, [appointment.id]).get(appointment.id)
    return render_template(
        "citizen/appeal.html",
        booked=appointment,
        hall=hall,
        policy=rules.policy,
        may=open_to_appeal and known is None,
        reason=reason,
        errors=errors or {},
        here=url_for(".ask_appeal", reference=reference),
    )
