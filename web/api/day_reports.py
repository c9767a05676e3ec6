"""The report of a hall's day."""

from collections.abc import Mapping
from typing import Any

from booking.hall_rules import rules_of
from halls.queries import HallUnknown, get_hall
from queueing.day_report import LEFT, report
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas.day_report import DayReportSchema
from web.api.schemas.exceptions import DayQuerySchema
from web.guards import bearer_only

blueprint = Blueprint("day-reports", __name__, description="The report of a day. 日终报告")


@blueprint.get("/halls/<code:code>/day-report")
@bearer_only("list.print")
@refuses(HallUnknown)
@blueprint.arguments(DayQuerySchema(), location="query")
@blueprint.response(200, DayReportSchema())
def day_report(query: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Report what a day came to: as kept when it was closed, or as it stands while it runs.

    日终报告：结束时留存的，或当天现在的情况。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("list.print", hall.id)
        on = query.get("on") or rules_of(hall).date_of(edge.now())
        found = report(session, hall.id, on_date=on)
    return {
        "hall": hall.code,
        "on": on,
        "made_at": found.made_at,
        "counters_closed": found.counters_closed,
        "counts": found.counts,
        "minutes": found.minutes,
        "ended": {state: list(found.ended.get(state, ())) for state in LEFT},
    }
