"""The kiosk of a hall: check in, take a number, get help. Only enrolled devices see more than the door."""

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from halls.queries import get_hall, list_groups
from people.devices import find_device
from web import edge
from web.guards import DEVICE_COOKIE, DeviceUnknown, public
from web.kiosk import check_in, offers, paper, spot, spot_hold, take, tickets
from web.kiosk.face import PRINTER_COOKIE, DeviceElsewhere, blueprint, hall, kiosk_only
from web.pairing import keep

_TEN_YEARS = 315_360_000

__all__ = ["check_in", "offers", "paper", "register", "spot", "spot_hold", "take", "tickets"]


@blueprint.get("")
@public
def door(hall_code: str) -> ResponseReturnValue:
    """The address a device starts with: `?device=TOKEN` becomes a cookie, and leaves the address.

    It is answered by a redirect and sent on as no referrer, so it stays neither on the screen nor in a log of
    ours. `printer=1` says that this browser prints without asking (`--kiosk-printing`).
    """
    token = request.args.get("device", "")
    answer = redirect(url_for("kiosk.home", hall_code=hall_code), 303)
    if token:
        _check(hall_code, token)
        path = url_for("kiosk.door", hall_code=hall_code)
        keep(answer, DEVICE_COOKIE, token, path=path, seconds=_TEN_YEARS)
        prints = "1" if request.args.get("printer") == "1" else "0"
        keep(answer, PRINTER_COOKIE, prints, path=path, seconds=_TEN_YEARS)
    return answer


def _check(hall_code: str, token: str) -> None:
    with edge.transaction() as session:
        hall_id = get_hall(session, hall_code).id
        device = find_device(session, token)
    if device is None or device.kind != "kiosk":
        raise DeviceUnknown
    if device.hall_id != hall_id:
        raise DeviceElsewhere


@blueprint.get("/home")
@kiosk_only
def home() -> ResponseReturnValue:
    """Check in, take a number of a line (in letters as usual or large), and help.

    What the last person was in the middle of is forgotten.
    """
    with edge.transaction() as session:
        groups = list_groups(session, hall().id, active=True)
    return spot.leave(render_template("kiosk/home.html", groups=groups))


@blueprint.get("/help")
@kiosk_only
def staff_help() -> ResponseReturnValue:
    """Where to find a person."""
    return render_template("kiosk/help.html")


def register(app: Flask) -> None:
    """Add the kiosks."""
    app.register_blueprint(blueprint)
