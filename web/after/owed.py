"""Papers that are owed to a hall: who brings one is settled here."""

from functools import partial

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from queueing.after_models import OwedPaper
from queueing.models import Ticket
from queueing.owed import OwedUnknown, list_owed, settle
from web import edge
from web.after.face import blueprint, my_hall, services_by_id
from web.after.press import press
from web.console.once import Said
from web.guards import staff_only


@blueprint.get("/<hall_code>/owed")
@staff_only("task.work")
def owed(hall_code: str) -> ResponseReturnValue:
    """What is owed, the first due first."""
    return _page(hall_code)


@blueprint.post("/<hall_code>/owed/<int:owed_id>")
@staff_only("task.work")
def settle_owed(hall_code: str, owed_id: int) -> ResponseReturnValue:
    """The paper is here, or not needed any more."""
    return press(partial(_settle, hall_code, owed_id), _page, endpoint=".owed", hall_code=hall_code)


def _settle(hall_code: str, owed_id: int, session: Session) -> Said:
    hall = my_hall(session, hall_code, "task.work")
    paper = session.get(OwedPaper, owed_id)
    if paper is None or paper.hall_id != hall.id:
        raise OwedUnknown
    waived = request.form.get("do") == "waive"
    settle(session, owed_id, waived=waived, actor=edge.actor(), now=edge.now())
    return "ok", _("已记下，容缺材料处理完毕。")


def _page(hall_code: str) -> str:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "task.work")
        papers = list_owed(session, hall.id)
        tickets = select(Ticket).where(Ticket.id.in_([each.ticket_id for each in papers]))
        by_id = {ticket.id: ticket for ticket in session.scalars(tickets)}
        services = services_by_id(session, [each.service_id for each in papers])
    rows = [(each, by_id[each.ticket_id], services[each.service_id]) for each in papers]
    today = edge.today(hall.time_zone)
    here = url_for(".owed", hall_code=hall_code)
    return render_template("after/owed.html", hall=hall, rows=rows, today=today, here=here)
