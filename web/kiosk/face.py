"""The kiosk's blueprint: which device, which hall, and what a person reads when a rule says no."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from halls.models import Hall
from halls.queries import get_hall
from kernel.errors import DomainError, Forbidden
from people.devices import BROWSER_PRINTS
from web import edge, pairing, problems
from web.citizen import words
from web.guards import DeviceUnknown, device_only
from web.qr import qr

blueprint = Blueprint("kiosk", __name__, url_prefix="/kiosk/<hall_code>")
PRINTER_COOKIE = "printer"
SILENT = "no-referrer"


class DeviceElsewhere(Forbidden):
    """The device is enrolled in another hall."""

    code = "device_elsewhere"
    zh = "本设备登记在另一个大厅，请联系大厅工作人员重新登记。"
    en = "This device is enrolled in another hall. Please ask the staff to enrol it here."


def hall() -> Hall:
    """The hall where this kiosk stands."""
    here: Hall = g.hall
    return here


def kiosk_only(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """An enrolled kiosk of the hall in the address; the view does not get `hall_code`, it asks `hall()`."""

    @wraps(view)
    def here(hall_code: str, **values: Any) -> ResponseReturnValue:
        with edge.transaction() as session:
            g.hall = get_hall(session, hall_code)
        if g.hall.id != g.device.hall_id:
            raise DeviceElsewhere
        return view(**values)

    return device_only("kiosk")(here)


@blueprint.url_defaults
def _same_hall(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith("kiosk.") and "hall" in g:
        values.setdefault("hall_code", g.hall.code)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    if "hall" not in g:
        return {}
    home = url_for("kiosk.home")
    return {
        "hall": g.hall,
        "hall_name": edge.text(g.hall, "name"),
        "kiosk_home": home,
        "kiosk_help": url_for("kiosk.staff_help"),
        # The next person finds Chinese and the usual letters again, whatever the last one chose.
        "kiosk_reset": url_for("preferences.choose", lang="zh", care="0", next=home),
        "has_printer": request.cookies.get(PRINTER_COOKIE) == "1" or g.device.printer == BROWSER_PRINTS,
        "has_network_printer": g.device.printer not in ("", BROWSER_PRINTS),
        "hour": words.hour,
        "day": words.day,
        "qr": qr,
    }


@blueprint.errorhandler(DomainError)
def on_refusal(error: DomainError) -> ResponseReturnValue:
    """A page of the kiosk that says what to do and goes back to the start by itself."""
    sentence, status = error.sentence(edge.language()), problems.status_of(error)
    if "hall" in g:
        title = problems.title_of(status)
        return render_template("kiosk/refusal.html", title=title, sentence=sentence), status
    # The query may be a token: no link of the page repeats it, and no request tells where it came from.
    facts = {"home": request.path, "here": request.path, "referrer": SILENT, "home_label": _("再试一次")}
    words = {"title": _("这台设备还不能用"), "sentence": sentence, "code": error.code}
    steps = _how_to_enrol() if isinstance(error, DeviceUnknown | DeviceElsewhere) else []
    page = render_template("error.html", layout="kiosk/base.html", what_to_do=steps, **facts, **words)
    return page, status


def _how_to_enrol() -> list[str]:
    return [
        _("办事的群众：请到咨询台，工作人员可以替您签到、取号。"),
        _(
            "管理员：在本机打开 %(address)s，把显示的配对码输入“管理”的“设备”页。",
            address=pairing.address(),
        ),
    ]


@blueprint.after_request
def _keep_the_token(answer: Response) -> Response:
    if "device" in request.args:
        answer.headers["Referrer-Policy"] = SILENT
    return answer
