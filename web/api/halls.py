"""Halls and what is free in them."""

from typing import Any

from halls.queries import HallUnknown, get_hall, list_halls
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import halls as shapes
from web.guards import public

blueprint = Blueprint("halls", __name__, description="Where to go. 大厅、业务组与窗口")


@blueprint.get("/halls")
@public
@blueprint.response(200, shapes.HallListSchema())
def get_halls() -> dict[str, Any]:
    """List the halls.

    列出所有大厅。
    """
    with edge.transaction() as session:
        return {"halls": [present.hall(row) for row in list_halls(session)]}


@blueprint.get("/halls/<code:code>")
@public
@refuses(HallUnknown)
@blueprint.response(200, shapes.HallDetailSchema())
def get_hall_detail(code: str) -> dict[str, Any]:
    """Read one hall with its lines and counters.

    查询一个大厅的业务组和窗口。
    """
    with edge.transaction() as session:
        return present.hall_with_parts(session, get_hall(session, code))
