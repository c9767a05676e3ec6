"""At the reception: numbers, check-in, and what is left once a line gives no more numbers today."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from catalog.queries import services_by_group
from halls.models import Hall
from halls.queries import get_hall, list_groups
from kernel.errors import DomainError
from kernel.phone import normalise
from queueing.arrival_code import arrival_code
from queueing.check_in import CheckIn, check_in
from queueing.errors import LineClosed, WalkInsStopped
from queueing.issue import GREEN_REASONS, IssueTicket, issue
from queueing.models import Ticket
from web import edge, problems
from web.citizen import words
from web.citizen.forms import kind_options
from web.console.face import blueprint
from web.console.once import Said, once
from web.console.spot import Instead, book_on_the_spot, instead_of_a_number, matter
from web.guards import staff_only
from web.kiosk.scan import read_scan
from web.told_to_staff import look_ups_audited, refusals_audited


@blueprint.get("/halls/<hall_code>/reception")
@staff_only("ticket.issue")
def reception(hall_code: str) -> ResponseReturnValue:
    """Give a number, check in."""
    return render_template("console/reception.html", **_facts(hall_code))


@blueprint.post("/halls/<hall_code>/reception")
@staff_only("ticket.issue")
def receive(hall_code: str) -> ResponseReturnValue:
    """Do one of them; the same press twice gives the same number."""
    try:
        kind, number = request.form.get("kind", ""), request.form.get("number", "")
        shown = read_scan(request.form.get("shown", "")).identity
        with refusals_audited(hall_code, kind, number), look_ups_audited(hall_code, shown):
            category, sentence = once(lambda session: _receive(session, hall_code))
    except DomainError as error:
        flash(error.sentence(edge.language()), "bad")
        instead = _instead(hall_code, error)
        page = render_template(
            "console/reception.html", form=request.form, instead=instead, **_facts(hall_code)
        )
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
            "may_book": who.may("booking.make", hall.id),
            "kinds": kind_options(),
            "span": words.span,
            "day": words.day,
            "today": (today := edge.today(hall.time_zone)),
            "arrival_code": arrival_code(hall.id, today),
        }


def _instead(hall_code: str, error: DomainError) -> Instead | None:
    """Where a line is full or over, and while one of these times is being booked."""
    if not isinstance(error, WalkInsStopped | LineClosed) and request.form.get("do") != "book":
        return None
    with edge.transaction() as session:
        return instead_of_a_number(session, get_hall(session, hall_code))


def _receive(session: Session, hall_code: str) -> Said:
    hall = get_hall(session, hall_code)
    if request.form.get("do") == "check_in":
        edge.require("checkin.do", hall.id)
        scan = read_scan(request.form.get("shown", ""))
        shown = CheckIn(hall.id, scan.reference, scan.code, scan.identity)
        return _told(check_in(session, shown, actor=edge.actor(), now=edge.now()), hall)
    if request.form.get("do") == "book":
        return book_on_the_spot(session, hall)
    edge.require("ticket.issue", hall.id)
    return _told(issue(session, _command(session, hall), actor=edge.actor(), now=edge.now()), hall)


def _command(session: Session, hall: Hall) -> IssueTicket:
    group, service = matter(session, hall)
    phone, press = request.form.get("phone", "").strip(), request.form.get("press", "")
    return IssueTicket(
        hall_id=hall.id,
        group_id=group.id,
        service_ids=(service.id,) if service else (),
        track="standby" if request.form.get("do") == "standby" else "walk_in",
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
