"""Mobile sessions of today: officers check in who came to the village, and end their visits there."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall
from kernel.errors import DomainError
from queueing.check_in import CheckIn
from queueing.village import arrive_in_village, list_village_visits, serve_in_village
from web import edge, problems
from web.citizen import words
from web.console.face import blueprint
from web.console.once import Said, once
from web.guards import staff_only
from web.kiosk.scan import read_scan


@blueprint.get("/halls/<hall_code>/villages")
@staff_only("checkin.do")
def villages(hall_code: str) -> ResponseReturnValue:
    """Who is booked where, and who has come."""
    return render_template("console/villages.html", **_facts(hall_code))


@blueprint.post("/halls/<hall_code>/villages")
@staff_only("checkin.do")
def work_in_village(hall_code: str) -> ResponseReturnValue:
    """Check somebody in, or end a visit; the same press twice does it once."""
    try:
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
    if request.form.get("do") == "done":
        reference = request.form.get("reference", "")[:64]
        serve_in_village(session, hall.id, reference, actor=by, now=now)
        return "ok", _("已办完，会请本人评价。")
    scan = read_scan(request.form.get("shown", ""))
    shown = CheckIn(hall.id, scan.reference, scan.code, scan.identity)
    found = arrive_in_village(session, shown, actor=by, now=now)
    return "ok", _("已签到：%(code)s，%(place)s。", code=found.code, place=edge.text(found, "place"))


def _my_hall(session: Session, hall_code: str) -> Hall:
    hall = get_hall(session, hall_code)
    edge.require("checkin.do", hall.id)
    return hall


def _facts(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = _my_hall(session, hall_code)
        today = edge.local(edge.now(), hall.time_zone).date()
        return {
            "hall": hall,
            "visits": list_village_visits(session, hall, on_date=today),
            "hour": words.hour,
        }
