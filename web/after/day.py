"""What a hall's day came to: kept when it was closed, or as it stands; also on paper and as a spreadsheet."""

from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from queueing.day_report import TIMES, list_days, report
from web import edge
from web.admin.tables import as_file
from web.after.face import blueprint, my_hall
from web.after.sheet import cells_of, left_names
from web.citizen.slots import day_of
from web.guards import staff_only


@blueprint.get("/<hall_code>/day")
@staff_only("list.print")
def day_end(hall_code: str) -> ResponseReturnValue:
    """The report of a day (`?on=2026-03-02`, today where none is named)."""
    facts = _facts(hall_code)
    here = url_for(".day_end", hall_code=hall_code, on=facts["report"].on_date)
    return render_template("after/day.html", times=TIMES, left=left_names().items(), here=here, **facts)


@blueprint.get("/<hall_code>/day.xlsx")
@staff_only("list.print")
def day_sheet(hall_code: str) -> Response:
    """The same as a spreadsheet."""
    facts = _facts(hall_code)
    title = f"{_('日终报告')} {edge.text(facts['hall'], 'name')} {facts['report'].on_date}"
    name = f"day-{facts['hall'].code}-{facts['report'].on_date:%Y%m%d}"
    return as_file(cells_of(facts["report"]), name, "xlsx", title=_("日终报告"), printed=title)


def _facts(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "list.print")
        today = edge.today(hall.time_zone)
        on = day_of(request.args.get("on")) or today
        found = report(session, hall.id, on_date=on)
        return {"hall": hall, "report": found, "days": list_days(session, hall.id), "today": today}
