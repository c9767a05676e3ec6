"""The ticket, on the screen and on paper, and the way back for who missed the call."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from catalog.queries import services_of
from queueing.come_back import can_return_until
from queueing.errors import TicketUnknown
from queueing.models import Ticket
from queueing.parked import is_left_alone
from queueing.queries import get_ticket, ticket_view
from queueing.serve import reinstate
from queueing.today import today_of
from web import edge
from web.kiosk.face import blueprint, hall, kiosk_only
from web.qr import modules


@blueprint.get("/ticket/<reference>")
@kiosk_only
def ticket(reference: str) -> ResponseReturnValue:
    """Number, who is ahead, from when to when, and the QR code of the live page."""
    with edge.transaction() as session:
        found = find_here(session, reference)
        view = ticket_view(session, found, now=edge.now())
        services, left_alone = services_of(session, found.service_ids), is_left_alone(session, found)
        today = today_of(session, found.hall_id, now=edge.now())
        back_until = can_return_until(session, today, found, now=edge.now())
    live = f"{edge.parts().settings.base_url}/q/{found.reference}"
    fresh = "new" in request.args
    return render_template(
        "kiosk/ticket.html",
        ticket=view,
        silent=found.silent,
        room=found.room,
        back_until=back_until,
        park_reason=found.park_reason,
        counter_closed=left_alone,
        services=services,
        live=live,
        fresh=fresh,
        modules=modules(live),
    )


@blueprint.post("/ticket/<reference>/back")
@kiosk_only
def come_back(reference: str) -> ResponseReturnValue:
    """Who missed the call is here again."""
    with edge.transaction() as session:
        found = find_here(session, reference)
        if found.state == "absent":
            reinstate(session, found, actor=g.actor, now=edge.now())
    return redirect(url_for("kiosk.ticket", reference=reference), 303)


def find_here(session: Session, reference: str) -> Ticket:
    """The ticket, when it is of this hall; raises TicketUnknown."""
    found = get_ticket(session, reference)
    if found.hall_id != hall().id:
        raise TicketUnknown
    return found
