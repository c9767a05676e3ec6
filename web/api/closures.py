"""Closures of a hall: the list, a planned or an emergency one, and reopening."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.change_plan import BookingsStranded
from booking.close import Close, Then, close, preview, reopen
from booking.slot_cutting import PlanLineImpossible
from halls.closures import ClosureBackwards, ClosureUnknown, list_closures
from halls.models import Closure, Hall
from halls.queries import GroupUnknown, HallUnknown, get_group_by_code, get_hall, list_groups
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.schemas import exceptions as shapes
from web.guards import bearer_only

blueprint = Blueprint("closures", __name__, description="When a hall does not serve. 关闭与恢复")

CLOSED = shapes.ClosedSchema()


def _shown(session: Session, hall: Hall, closure: Closure) -> dict[str, Any]:
    codes = {group.id: group.code for group in list_groups(session, hall.id)}
    return {
        "id": closure.id,
        "group": codes.get(closure.group_id) if closure.group_id else None,
        "starts_at": closure.starts_at,
        "ends_at": closure.ends_at,
        "reason_zh": closure.reason_zh,
        "reason_en": closure.reason_en,
        "emergency": closure.emergency,
    }


@blueprint.get("/halls/<code:code>/closures")
@bearer_only("plan.edit")
@refuses(HallUnknown)
@blueprint.response(200, shapes.ClosureListSchema())
def list_hall_closures(code: str) -> dict[str, Any]:
    """List the closures of a hall that hold or will.

    列出大厅正在生效和将要生效的关闭时段。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("plan.edit", hall.id)
        rows = list_closures(session, hall.id, now=edge.now())
        return {"hall": hall.code, "closures": [_shown(session, hall, row) for row in rows]}


@blueprint.post("/halls/<code:code>/closures")
@bearer_only("plan.edit")
@idempotent
@refuses(
    HallUnknown,
    GroupUnknown,
    ClosureBackwards,
    BookingsStranded,
    PlanLineImpossible,
)
@blueprint.arguments(shapes.CloseSchema())
@blueprint.response(201, CLOSED)
def close_hall(body: Mapping[str, Any], code: str) -> Response:
    """Close a hall or a line; at once when it is an emergency. Bookings in it are moved, cancelled or kept.

    Where there are bookings in that time, nothing is closed unless `then` says what is to become of them.

    关闭大厅或业务组；紧急关闭立即生效。期间已有预约时，须用 then 说明怎么办，否则不关闭。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("plan.edit", hall.id)
        command = _command(session, hall, body)
        if "then" not in body and (affected := preview(session, hall, command, now=edge.now())):
            raise BookingsStranded(count=len(affected))
        done = close(session, hall, command, actor=actor, now=edge.now())
        counts = {"moved": done.rehoused.moved, "cancelled": done.rehoused.cancelled}
        return {**_shown(session, hall, done.closure), "affected": done.affected, **counts}

    return answer_once(work, CLOSED, caller=edge.actor())


def _command(session: Session, hall: Hall, body: Mapping[str, Any]) -> Close:
    group = body.get("group")
    emergency = body["emergency"]
    return Close(
        get_group_by_code(session, hall.id, group, active=True).id if group else None,
        edge.now() if emergency else body.get("starts_at", edge.now()),
        body["ends_at"],
        body["reason_zh"],
        body["reason_en"],
        emergency=emergency,
        then=Then(body.get("then", Then.KEEP)),
    )


@blueprint.post("/halls/<code:code>/closures/<int(max=9223372036854775807):closure_id>/lift")
@bearer_only("plan.edit")
@refuses(HallUnknown, ClosureUnknown, PlanLineImpossible)
@blueprint.response(200, shapes.ReopenedSchema())
def lift_hall_closure(code: str, closure_id: int) -> dict[str, int]:
    """Take a closure back: its free numbers can be booked again. Doing it twice changes nothing.

    恢复开放，放回空号；重复恢复不改变结果。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        actor = edge.require("plan.edit", hall.id)
        return {"numbers": reopen(session, hall, closure_id, actor=actor, now=edge.now())}
