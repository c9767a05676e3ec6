"""At the reception: numbers and check-in for people who cannot or need not use the kiosk."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from catalog.queries import services_by_group
from halls.models import Hall
from halls.queries import get_group_by_code, get_hall, list_groups
from kernel.errors import DomainError
from kernel.phone import normalise
from queueing.check_in import CheckIn, check_in
from queueing.issue import GREEN_REASONS, IssueTicket, issue
from queueing.models import Ticket
from web import edge, problems
from web.console.face import blueprint
from web.console.once import Said, once
from web.guards import staff_only
from web.kiosk.scan import read_scan
from web.kiosk.take import get_offered


@blueprint.get("/halls/<hall_code>/reception")
@staff_only("ticket.issue")
def reception(hall_code: str) -> ResponseReturnValue:
    """Two forms: give a number, check in."""
    return render_template("console/reception.html", **_facts(hall_code))


@blueprint.post("/halls/<hall_code>/reception")
@staff_only("ticket.issue")
def receive(hall_code: str) -> ResponseReturnValue:
    """Do one of them; the same press twice gives the same number."""
    try:
        category, sentence = once(lambda session: _receive(session, hall_code))
    except DomainError as error:
        flash(error.sentence(edge.language()), "bad")
        page = render_template("console/reception.html", form=request.form, **_facts(hall_code))
        return page, problems.status_of(error)
    flash(sentence, category)
    return redirect(url_for("console.reception", hall_code=hall_code), 303)


def _facts(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        who = edge.require("ticket.issue", hall.id)
        return {
            "hall": hall,
            "groups": list_groups(session, hall.id, active=True),
            "services": services_by_group(session, hall.id),
            "green_reasons": GREEN_REASONS,
            "may_override": who.may("ticket.override", hall.id),
        }


def _receive(session: Session, hall_code: str) -> Said:
    hall = get_hall(session, hall_code)
    if request.form.get("do") == "check_in":
        edge.require("checkin.do", hall.id)
        scan = read_scan(request.form.get("shown", ""))
        shown = CheckIn(hall.id, scan.reference, scan.code, scan.identity)
        return _told(check_in(session, shown, actor=edge.actor(), now=edge.now()), hall)
    edge.require("ticket.issue", hall.id)
    return _told(issue(session, _command(session, hall), actor=edge.actor(), now=edge.now()), hall)


def _command(session: Session, hall: Hall) -> IssueTicket:
    """`for` names a line, and a service of it after a slash."""
    line, _slash, service = request.form.get("for", "").partition("/")
    group = get_group_by_code(session, hall.id, line)
    phone, press = request.form.get("phone", "").strip(), request.form.get("press", "")
    return IssueTicket(
        hall_id=hall.id,
        group_id=group.id,
        service_ids=(get_offered(session, group, service).id,) if service else (),
        green_reason=request.form.get("green") or None,
        phone=normalise(phone) if phone else None,
        press_key=f"reception:{press}" if press else None,
        override="override" in request.form,
    )


def _told(ticket: Ticket, hall: Hall) -> Said:
    if ticket.promised_at is None:
        return "ok", _("号码是 %(label)s。", label=ticket.label)
    latest = f"{edge.local(ticket.promised_at, hall.time_zone):%H:%M}"
    return "ok", _("号码是 %(label)s，最迟 %(at)s 叫到。", label=ticket.label, at=latest)
