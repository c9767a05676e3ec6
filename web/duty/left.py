"""Who still waits after the windows of their line have closed, so that nobody is sent home unheard."""

from flask import render_template
from flask.typing import ResponseReturnValue

from queueing.left_behind import list_left
from web import edge
from web.duty.face import blueprint, my_hall
from web.guards import staff_only


@blueprint.get("/<hall_code>/left")
@staff_only("ticket.override")
def left(hall_code: str) -> ResponseReturnValue:
    """Line by line, with what can be done."""
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "ticket.override")
        rows = list_left(session, hall.id, now=edge.now())
    return render_template("duty/left.html", hall=hall, rows=rows)
