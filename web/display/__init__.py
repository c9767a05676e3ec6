"""Call screens: numbers and windows, never names. Anyone in the hall may read them, so they are public."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from halls.queries import get_hall, get_hall_by_id
from kernel import clock
from queueing.arrival_code import arrival_code
from queueing.board import Board, board
from web import edge, pairing
from web.fragments import fragment
from web.guards import DeviceUnknown, device_only, public

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


@blueprint.get("/my-screen")
@device_only("display")
def own_screen() -> ResponseReturnValue:
    """What staff chose for this device; withdrawing it ends it at the next look."""
    return render_template("display/screen.html", **_own_view())


@blueprint.get("/my-screen/board")
@device_only("display")
def own_board() -> Response:
    """What changes on it."""
    return fragment("display/board.html", **_own_view())


@blueprint.errorhandler(DeviceUnknown)
def on_stranger(error: DeviceUnknown) -> ResponseReturnValue:
    """A screen that was withdrawn, or never enrolled, says how it comes back."""
    facts = {"title": _("这台设备还不能用"), "sentence": error.sentence(edge.language()), "code": error.code}
    steps = [
        _(
            "管理员：在本机打开 %(address)s，把显示的配对码输入“管理”的“设备”页。",
            address=pairing.address(),
        )
    ]
    return render_template(
        "error.html", home=url_for("pairing.pair"), home_label=_("去配对"), what_to_do=steps, **facts
    ), 401


def _own_view() -> dict[str, Any]:
    with edge.transaction() as session:
        code = get_hall_by_id(session, g.device.hall_id).code
    return _view(code) | {"fragment_url": url_for("display.own_board")}


def _view(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        shown = board(session, hall.id, now=edge.now())
    local = edge.local(edge.now(), hall.time_zone)
    return {
        "board": shown,
        "now": edge.now(),
        "fragment_url": url_for("display.live_board", hall_code=hall_code),
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
