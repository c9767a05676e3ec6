"""What a hall's screens show, for screens of other makers."""

from typing import Any

from halls.queries import HallUnknown, get_hall
from queueing.board import board
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.schemas import queue as shapes
from web.guards import public

blueprint = Blueprint("boards", __name__, description="Who is called where. 叫号屏")


@blueprint.get("/halls/<code:code>/board")
@public
@refuses(HallUnknown)
@blueprint.response(200, shapes.BoardSchema())
def read_board(code: str) -> dict[str, Any]:
    """Read the last calls and how many wait: numbers, never names.

    查询最近叫号和各业务组等候人数（只有号码，没有姓名）。
    """
    with edge.transaction() as session:
        shown = board(session, get_hall(session, code).id, now=edge.now())
    return {
        "hall": shown.hall.code, "version": shown.version, "calls": shown.calls, "waiting": shown.waiting
    }  # fmt: skip
