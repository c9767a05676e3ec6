"""Call screens: numbers and windows, never names. Anyone in the hall may read them, so they are public."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue

from halls.queries import get_hall
from kernel import clock
from queueing.arrival_code import arrival_code
from queueing.board import Board, board
from web import edge
from web.fragments import fragment
from web.guards import public

blueprint = Blueprint("display", __name__)
STALE_SECONDS = 60
NIGHT = (21, 6)
_QUIET = timedelta(hours=1)


@blueprint.get("/screen/<hall_code>")
@public
def screen(hall_code: str) -> ResponseReturnValue:
    """The whole screen of a hall."""
    return render_template("display/screen.html", **_view(hall_code))


@blueprint.get("/screen/<hall_code>/board")
@public
def live_board(hall_code: str) -> Response:
    """What changes on it."""
    return fragment("display/board.html", **_view(hall_code))


def _view(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        shown = board(session, hall.id, now=edge.now())
    local = edge.local(edge.now(), hall.time_zone)
    return {
        "board": shown,
        "now": edge.now(),
        "stale_seconds": _stale_seconds(),
        "arrival_code": arrival_code(hall.id, local.date()),
        "is_off": _is_off(shown, local.hour),
    }


def _stale_seconds() -> float:
    """A minute of the people in front of the screen, however fast the demonstration's clock runs."""
    demo = clock.demo_clock()
    return STALE_SECONDS * max(demo.rate if demo else 1.0, 1.0)


def _is_off(shown: Board, hour: int) -> bool:
    """Dark at night, unless somebody still waits or was just called: panels live longer."""
    starts, ends = NIGHT
    if ends <= hour < starts or any(line.count for line in shown.waiting):
        return False
    return not any(edge.now() - call.last_called_at < _QUIET for call in shown.calls)


def register(app: Flask) -> None:
    """Add the call screens."""
    app.register_blueprint(blueprint)
