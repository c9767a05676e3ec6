"""What a hall's day came to: kept when it was closed, or as it stands."""

from datetime import date

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from queueing.day_report import TIMES, list_days, report
from web import edge
from web.after.face import blueprint, my_hall
from web.citizen.slots import day_of
from web.guards import staff_only


@blueprint.get("/<hall_code>/day")
@staff_only("list.print")
def day_end(hall_code: str) -> ResponseReturnValue:
    """The report of a day (`?on=2026-03-02`, today where none is named)."""
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "list.print")
        today: date = edge.local(edge.now(), hall.time_zone).date()
        on = day_of(request.args.get("on")) or today
        found = report(session, hall.id, on_date=on)
        days = list_days(session, hall.id)
    here = url_for(".day_end", hall_code=hall_code, on=on)
    return render_template(
        "after/day.html", hall=hall, report=found, days=days, today=today, times=TIMES, here=here
    )
