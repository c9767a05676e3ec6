"""Appeals against missed appointments: read the reason, decide, answer."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking import appeals as asked_for
from booking.models import Appeal, Appointment
from kernel.errors import DomainError
from people.citizens import name_of
from people.identity import mask_name
from people.models import Citizen
from web import edge
from web.duty.face import blueprint, my_hall
from web.guards import staff_only
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Row:
    """An appeal with its words; the name is masked: it is not needed to decide."""

    appeal: Appeal
    appointment: Appointment
    name: str
    reason: str
    answer: str
    asked_at: datetime


@blueprint.get("/<hall_code>/appeals")
@staff_only("appeal.decide")
def appeals(hall_code: str) -> ResponseReturnValue:
    """The open ones with a form each, and below what was decided."""
    return _page(hall_code)


@blueprint.post("/<hall_code>/appeals/<reference>")
@staff_only("appeal.decide")
def decide_appeal(hall_code: str, reference: str) -> ResponseReturnValue:
    """Accept or refuse, with an answer."""
    answer = request.form.get("answer", "")[:2000]
    try:
        with edge.transaction() as session:
            hall = my_hall(session, hall_code, "appeal.decide")
            asked = asked_for.get_appeal(session, reference, hall_id=hall.id)
            accepted = request.form.get("do") == "accept"
            asked_for.decide(
                session, asked, accepted=accepted, answer=answer, actor=edge.actor(), now=edge.now()
            )
    except DomainError as refusal:
        return _page(hall_code, reference, refusal.sentence(edge.language())), status_of(refusal)
    flash(_("已处理，短信告诉申诉人。"), "ok")
    return redirect(url_for(".appeals", hall_code=hall_code), 303)


def _page(hall_code: str, wrong: str = "", refusal: str = "") -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "appeal.decide")
        waiting = [_row(session, *row) for row in asked_for.list_appeals(session, hall.id, open_only=True)]
        done = asked_for.list_appeals(session, hall.id, open_only=False, limit=30)
        decided = [_row(session, *row) for row in done]
    here = url_for(".appeals", hall_code=hall_code)
    return render_template(
        "duty/appeals.html",
        hall=hall,
        waiting=waiting,
        decided=decided,
        wrong=wrong,
        refusal=refusal,
        typed=request.form.get("answer", "")[:500],
        here=here,
    )


def _row(session: Session, appeal: Appeal, appointment: Appointment) -> Row:
    return Row(
        appeal=appeal,
        appointment=appointment,
        name=mask_name(name_of(session.get_one(Citizen, appointment.citizen_id))),
        reason=asked_for.reason_of(appeal),
        answer=asked_for.answer_of(appeal),
        asked_at=appeal.created_at,
    )
