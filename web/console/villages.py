"""Mobile sessions of today: officers check in who came to the village, and end their visits there."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.slot_places import Place
from booking.states import AppointmentState
from halls.models import Hall
from halls.queries import get_hall
from kernel import clock
from kernel.errors import DomainError
from queueing.check_in import CheckIn
from queueing.undo_in_village import find_undoable_in_villages, undo_in_village
from queueing.village import VillageVisit, arrive_in_village, list_village_visits, serve_in_village
from web import edge, problems
from web.citizen import words
from web.console.face import blueprint
from web.console.once import Said, once
from web.guards import staff_only
from web.kiosk.scan import read_scan
from web.told_to_staff import look_ups_audited


@blueprint.get("/halls/<hall_code>/villages")
@staff_only("checkin.do")
def villages(hall_code: str) -> ResponseReturnValue:
    """Who is booked where, and who has come."""
    return render_template("console/villages.html", **_facts(hall_code))


@blueprint.post("/halls/<hall_code>/villages")
@staff_only("checkin.do")
def work_in_village(hall_code: str) -> ResponseReturnValue:
    """Check somebody in, end a visit, or take the last press back; the same press twice does it once."""
    try:
        with look_ups_audited(hall_code, read_scan(request.form.get("shown", "")).identity):
            category, sentence = once(lambda session: _work(session, hall_code))
    except DomainError as error:
        flash(error.sentence(edge.language()), "bad")
        page = render_template("console/villages.html", **_facts(hall_code))
        return page, problems.status_of(error)
    flash(sentence, category)
    return redirect(url_for("console.villages", hall_code=hall_code), 303)


def _work(session: Session, hall_code: str) -> Said:
    hall = _my_hall(session, hall_code)
    by, now = edge.actor(), edge.now()
    do, reference = request.form.get("do"), request.form.get("reference", "")[:64]
    if do == "undo":
        found = undo_in_village(session, hall.id, reference, actor=by, now=now, real_now=clock.real_now())
        return "ok", _("已撤销，%(label)s 回到“%(state)s”。", label=found.code, state=_state_of(found))
    if do == "done":
        serve_in_village(session, hall.id, reference, actor=by, now=now)
        return "ok", _("已办完，会请本人评价。")
    scan = read_scan(request.form.get("shown", ""))
    shown = CheckIn(hall.id, scan.reference, scan.code, scan.identity)
    found = arrive_in_village(session, shown, actor=by, now=now)
    return "ok", _("已签到：%(code)s，%(place)s。", code=found.code, place=edge.text(found, "place"))


def _state_of(booked: Appointment) -> str:
    return str(_("已签到") if booked.state == AppointmentState.CHECKED_IN else _("未签到"))


def _my_hall(session: Session, hall_code: str) -> Hall:
    hall = get_hall(session, hall_code)
    edge.require("checkin.do", hall.id)
    return hall


def _facts(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = _my_hall(session, hall_code)
        today = edge.today(hall.time_zone)
        visits = list_village_visits(session, hall, on_date=today)
        return {"hall": hall, "visits": visits, "undoable": _undoable(session, visits), "hour": words.hour}


def _undoable(session: Session, visits: Mapping[Place, Sequence[VillageVisit]]) -> dict[str, Any] | None:
    """The booking that this officer has pressed last, and for how many milliseconds it can be taken back."""
    booked = {row.appointment.id: row.appointment for rows in visits.values() for row in rows}
    last = find_undoable_in_villages(session, booked, actor=edge.actor(), real_now=clock.real_now())
    if last is None:
        return None
    return {"booked": booked[last.appointment_id], "ms": int(last.left.total_seconds() * 1000)}
