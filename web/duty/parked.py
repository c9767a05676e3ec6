"""Everybody who is put aside in a hall, so that nobody is forgotten when a counter closes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from kernel.errors import DomainError
from queueing import serve
from queueing.errors import TicketUnknown
from queueing.models import Ticket
from queueing.parked import Parked, list_all_parked
from web import edge
from web.duty.face import blueprint, my_hall
from web.guards import staff_only
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody who is put aside, for so many minutes."""

    parked: Parked
    minutes: int


@blueprint.get("/<hall_code>/parked")
@staff_only("ticket.override")
def parked(hall_code: str) -> ResponseReturnValue:
    """Today's, the longest first."""
    return render_template("duty/parked.html", refusal="", **_view(hall_code))


@blueprint.post("/<hall_code>/parked/<int:ticket_id>/return")
@staff_only("ticket.override")
def return_parked(hall_code: str, ticket_id: int) -> ResponseReturnValue:
    """Back in line with the first key: whoever serves that line calls them."""
    try:
        with edge.transaction() as session:
            hall = my_hall(session, hall_code, "ticket.override")
            ticket = session.get(Ticket, ticket_id)
            if ticket is None or ticket.hall_id != hall.id:
                raise TicketUnknown
            ticket = serve.return_to_line(session, ticket, actor=edge.actor(), now=edge.now())
            flash(_("%(label)s 已回到队列，优先叫号。", label=ticket.label), "ok")
    except DomainError as refused:
        sentence = refused.sentence(edge.language())
        return render_template("duty/parked.html", refusal=sentence, **_view(hall_code)), status_of(refused)
    return redirect(url_for(".parked", hall_code=hall_code), 303)


def _view(hall_code: str) -> dict[str, Any]:
    now = edge.now()
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "ticket.override")
        found = list_all_parked(session, hall.id, now=now)
    minute = timedelta(minutes=1)
    rows = [Row(each, (now - (each.ticket.since_at or now)) // minute) for each in found]
    return {"hall": hall, "rows": rows}
