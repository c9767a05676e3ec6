"""Call screens: numbers and windows, never names. Anyone in the hall may read them, so they are public."""

from flask import Blueprint, Flask, Response, render_template
from flask.typing import ResponseReturnValue

from halls.queries import get_hall
from queueing.arrival_code import arrival_code
from queueing.board import Board, board
from web import edge
from web.fragments import fragment
from web.guards import public

blueprint = Blueprint("display", __name__)
STALE_SECONDS = 60


def _board(hall_code: str) -> Board:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        return board(session, hall.id, now=edge.now())


@blueprint.get("/screen/<hall_code>")
@public
def screen(hall_code: str) -> ResponseReturnValue:
    """The whole screen of a hall."""
    return render_template("display/screen.html", **_words(_board(hall_code)))


@blueprint.get("/screen/<hall_code>/board")
@public
def live_board(hall_code: str) -> Response:
    """What changes on it."""
    return fragment("display/board.html", **_words(_board(hall_code)))


def _words(shown: Board) -> dict[str, object]:
    today = edge.local(edge.now(), shown.hall.time_zone).date()
    return {
        "board": shown,
        "now": edge.now(),
        "stale_seconds": STALE_SECONDS,
        "arrival": arrival_code(shown.hall.id, today),
    }


def register(app: Flask) -> None:
    """Add the call screens."""
    app.register_blueprint(blueprint)
