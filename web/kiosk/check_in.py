"""预约签到: scan the QR code, type the six digits, or the number of the document."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from halls.queries import get_group
from kernel.errors import DomainError
from queueing.check_in import CheckIn, check_in
from queueing.errors import NothingToCheckIn, TicketUnknown, WalkInsStopped
from queueing.models import Ticket
from queueing.queries import get_ticket
from web import edge, problems
from web.kiosk.face import blueprint, hall, kiosk_only
from web.kiosk.offers import offers_page
from web.kiosk.scan import Scan, read_document, read_scan


@blueprint.get("/check-in")
@kiosk_only
def check_in_form() -> ResponseReturnValue:
    """Scan or six digits."""
    return render_template("kiosk/check_in.html", error="")


@blueprint.get("/check-in/document")
@kiosk_only
def document_form() -> ResponseReturnValue:
    """The number of a document; `letters=all` for passports."""
    return render_template("kiosk/document.html", error="")


@blueprint.post("/check-in")
@kiosk_only
def check_in_now() -> ResponseReturnValue:
    """Check in; the same booking twice shows the same ticket."""
    document = request.form.get("document", "")
    scan = _of_document(document) if document else read_scan(request.form.get("code", ""))
    try:
        with edge.transaction() as session:
            ticket = _ticket(session, scan)
    except WalkInsStopped as refusal:  # who came after the half-day of their booking
        return _instead(refusal)
    except DomainError as error:
        # What was typed is not shown again: the next person may be reading.
        of_document = "document" in request.form or request.form.get("from") == "document"
        page = "kiosk/document.html" if of_document else "kiosk/check_in.html"
        return render_template(page, error=error.sentence(edge.language())), problems.status_of(error)
    new = None if scan.ticket else 1  # who scans a ticket has its paper in hand
    return redirect(url_for("kiosk.ticket", reference=ticket.reference, new=new), 303)


def _instead(refusal: WalkInsStopped) -> ResponseReturnValue:
    """No number for them today: what can be done instead, as for who comes without a booking."""
    if refusal.refused is None:
        raise refusal
    with edge.transaction() as session:
        group = get_group(session, refusal.refused.group_id)
    return offers_page(group.code, refusal, way="all")


def _of_document(typed: str) -> Scan:
    """Who types a document's number may put the card on the reader meanwhile, or hold up the code."""
    if "//" in typed:
        return read_scan(typed)
    _name, number = read_document(typed)
    return Scan(identity=number or None)


def _ticket(session: Session, scan: Scan) -> Ticket:
    if scan == Scan():
        raise NothingToCheckIn
    if scan.ticket:
        ticket = get_ticket(session, scan.ticket)
        if ticket.hall_id != hall().id:
            raise TicketUnknown
        return ticket
    wish = CheckIn(hall().id, scan.reference, scan.code, scan.identity)
    return check_in(session, wish, actor=g.actor, now=edge.now())
