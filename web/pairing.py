"""`/pair`: what a new kiosk or call screen opens. It shows a code, and goes on by itself once staff typed it.

The page asks again every few seconds by a header, so it needs no scripts. The secret stays in a cookie that
no script reads; it becomes the device's token when the code is typed.
"""

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request
from flask import url_for as path_of
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as Reply

from halls.queries import get_hall_by_id
from kernel import clock
from kernel.errors import TooMany
from people import pairing
from people.devices import find_device
from people.models import Device
from web import edge, limits
from web.guards import DEVICE_COOKIE, public

blueprint = Blueprint("pairing", __name__)
_SECRET_COOKIE = "pairing"  # noqa: S105  # its name
_ASK_SECONDS = 4
TEN_YEARS = 315_360_000


@blueprint.get("/pair")
@public
def pair() -> ResponseReturnValue:
    """A code to type, or the way to the device's own page once it is enrolled."""
    secret = request.cookies.get(_SECRET_COOKIE, "")
    with edge.transaction() as session:
        device = find_device(session, secret) if secret else None
        waiting = pairing.find_waiting(session, secret, real_now=clock.real_now()) if secret else None
        hall = get_hall_by_id(session, device.hall_id) if device else None
    if device and hall:
        return _begin_work(device, hall.code, secret)
    if waiting is None:
        limits.limit_pairing()
        with edge.transaction() as session:
            waiting = pairing.begin(session, real_now=clock.real_now())
    half = pairing.DIGITS // 2
    answer = make_response(
        render_template("pairing/pair.html", code=f"{waiting.code[:half]} {waiting.code[half:]}")
    )
    keep(answer, _SECRET_COOKIE, waiting.secret, path=path_of("pairing.pair"), seconds=TEN_YEARS)
    answer.headers["Refresh"] = str(_ASK_SECONDS)
    return answer


@blueprint.errorhandler(TooMany)
def on_flood(error: TooMany) -> ResponseReturnValue:
    """The device asks again by itself: nobody stands beside it with a keyboard."""
    page = render_template("pairing/pair.html", code="", sentence=error.sentence(edge.language()))
    return page, 429, {"Refresh": "60"}


def _begin_work(device: Device, hall_code: str, secret: str) -> Response:
    if device.kind == "kiosk":
        path, home = f"/kiosk/{hall_code}", path_of("kiosk.home", hall_code=hall_code)
    else:
        path = home = path_of("display.own_screen")
    answer = make_response(redirect(home, 303))
    keep(answer, DEVICE_COOKIE, secret, path=path, seconds=TEN_YEARS)
    keep(answer, _SECRET_COOKIE, "", path=path_of("pairing.pair"), seconds=0)
    return answer


def address() -> str:
    """What a new device opens."""
    return edge.parts().settings.base_url + path_of("pairing.pair")


def keep(answer: Reply, name: str, value: str, *, path: str, seconds: int) -> None:
    """Set a cookie that no script reads, for one path; Secure whatever a proxy in front of us speaks."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    answer.set_cookie(name, value, max_age=seconds, path=path, httponly=True, samesite="Lax", secure=secure)


def register(app: Flask) -> None:
    """Add the page."""
    app.register_blueprint(blueprint)
