"""The numbers of a hall's day: exact counts, and changes by hand with a reason."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from analytics.day_numbers import LineDay, day_numbers
from booking.counts import release_steps
from booking.hall_rules import rules_of
from booking.number_changes import Change, ChangeNumbers, NoSuchNumbers, ReasonMissing, change_numbers
from halls.queries import GroupUnknown, HallUnknown, get_group_by_code, get_hall
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.schemas import exceptions as shapes
from web.guards import bearer_only

blueprint = Blueprint("day-numbers", __name__, description="The numbers of a day. 号源")

CHANGED = shapes.NumbersChangedSchema()


@blueprint.get("/halls/<code:code>/numbers")
@bearer_only("plan.edit")
@refuses(HallUnknown)
@blueprint.arguments(shapes.DayQuerySchema(), location="query")
@blueprint.response(200, shapes.DayNumbersSchema())
def count_numbers(query: Mapping[str, Any], code: str) -> dict[str, Any]:
    """Count the numbers of a hall's day by line and channel, with the releases still to come.

    统计大厅某天各业务组、各渠道的号和放号阶梯。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("plan.edit", hall.id)
        on = query.get("on") or rules_of(hall).date_of(edge.now())
        rows = day_numbers(session, hall, on_date=on, since_on=on, now=edge.now())
        codes = {row.group.id: row.group.code for row in rows}
        steps = release_steps(session, hall, on_date=on)
        return {
            "hall": hall.code,
            "on": on,
            "groups": [_line(row) for row in rows],
            "releases": [{**asdict(step), "group": codes[step.group_id]} for step in steps],
        }


def _line(row: LineDay) -> dict[str, Any]:
    facts = {"group": row.group.code, "released": row.released, "walk_ins": row.walk_ins}
    return {**asdict(row.bookings), **facts, "channels": row.channels}


@blueprint.post("/halls/<code:code>/numbers/change")
@bearer_only("plan.edit")
@idempotent
@refuses(
    HallUnknown,
    GroupUnknown,
    ReasonMissing,
    NoSuchNumbers,
)
@blueprint.arguments(shapes.ChangeNumbersSchema())
@blueprint.response(200, CHANGED)
def change_day_numbers(body: Mapping[str, Any], code: str) -> Response:
    """Release, withdraw or move free numbers of a line, with a reason; audited.

    按原因放出、收回或调整渠道的空号；写入操作记录。
    """

    def work(session: Session) -> dict[str, int]:
        hall = get_hall(session, code)
        actor = edge.require("plan.edit", hall.id)
        group = get_group_by_code(session, hall.id, body["group"])
        command = ChangeNumbers(group.id, body["on"], Change(body["change"]), body["most"], body["reason"])
        return {"count": change_numbers(session, hall, command, actor=actor, now=edge.now())}

    return answer_once(work, CHANGED, status=200, caller=edge.actor())
