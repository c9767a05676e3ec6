"""Call screens: numbers and windows, never names. Anyone in the hall may read them, so they are public.

Only what staff enrolled shows today's arrival code: who types it has to stand in front of that screen.
"""

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from people.devices import find_device
from web import edge, pairing
from web.display import clips
from web.display.views import Shown, board_view, own_view, screen_view, window_view
from web.fragments import fragment
from web.guards import DEVICE_COOKIE, DeviceUnknown, device_only, public

blueprint = Blueprint("display", __name__)
clips.add_to(blueprint)


@blueprint.get("/screen/<hall_code>")
@public
def screen(hall_code: str) -> ResponseReturnValue:
    """The whole screen of a hall."""
    return _whole(screen_view(hall_code))


@blueprint.get("/screen/<hall_code>/board")
@public
def live_board(hall_code: str) -> Response:
    """What changes on it."""
    return _part(screen_view(hall_code))


@blueprint.get("/screen/<hall_code>/zone/<zone>")
@public
def zone_screen(hall_code: str, zone: str) -> ResponseReturnValue:
    """The screen of a part of a hall."""
    return _whole(screen_view(hall_code, zone))


@blueprint.get("/screen/<hall_code>/zone/<zone>/board")
@public
def zone_board(hall_code: str, zone: str) -> Response:
    """What changes on it."""
    return _part(screen_view(hall_code, zone))


@blueprint.get("/screen/<hall_code>/window/<int:number>")
@public
def window_screen(hall_code: str, number: int) -> ResponseReturnValue:
    """The screen above one counter."""
    return _whole(window_view(hall_code, number))


@blueprint.get("/screen/<hall_code>/window/<int:number>/board")
@public
def window_board(hall_code: str, number: int) -> Response:
    """What changes on it."""
    return _part(window_view(hall_code, number))


@blueprint.get("/my-screen/start")
@public
def own_door() -> ResponseReturnValue:
    """The address of an enrolled screen: `?device=TOKEN` becomes a cookie, and leaves the address."""
    token = request.args.get("device", "")
    with edge.transaction() as session:
        device = find_device(session, token)
    if device is None or device.kind != "display":
        raise DeviceUnknown
    answer = redirect(url_for("display.own_screen"), 303)
    path = url_for("display.own_screen")
    pairing.keep(answer, DEVICE_COOKIE, token, path=path, seconds=pairing.TEN_YEARS)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@blueprint.get("/my-screen")
@device_only("display")
def own_screen() -> ResponseReturnValue:
    """What staff chose for this device; withdrawing it ends it at the next look."""
    return _whole(own_view(g.device))


@blueprint.get("/my-screen/board")
@device_only("display")
def own_board() -> Response:
    """What changes on it."""
    return _part(own_view(g.device))


def _whole(shown: Shown) -> str:
    return render_template("display/screen.html", **board_view(shown))


def _part(shown: Shown) -> Response:
    return fragment(shown.template, **board_view(shown))


@blueprint.errorhandler(DeviceUnknown)
def on_stranger(error: DeviceUnknown) -> ResponseReturnValue:
    """A screen that was withdrawn, or never enrolled, says how it comes back."""
    steps = [
        _(
            "管理员：在本机打开 %(address)s，把显示的配对码输入“管理”的“设备”页。",
            address=pairing.address(),
        )
    ]
    page = render_template(
        "error.html",
        title=_("这台设备还不能用"),
        sentence=error.sentence(edge.language()),
        code=error.code,
        home=pairing.address(),
        home_label=_("去配对"),
        what_to_do=steps,
        # The query may be a token: no link of the page repeats it, and no request tells where it came from.
        here=request.path,
        referrer="no-referrer",
    )
    return page, 401, {"Referrer-Policy": "no-referrer"}


def register(app: Flask) -> None:
    """Add the call screens."""
    app.register_blueprint(blueprint)
