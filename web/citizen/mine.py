"""My bookings: by a phone that its owner has shown to be theirs, in this browser, for half an hour."""

import base64
import binascii
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import after_this_request, current_app, flash, g, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from booking.hall_rules import rules_of
from booking.missed import counts_as_missed
from booking.models import Appointment
from booking.slot_places import place_in
from booking.states import OPEN, AppointmentState
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import list_halls
from kernel.crypto import CannotDecrypt, cipher
from kernel.errors import DomainError
from kernel.phone import mask as mask_phone
from people.phone_codes import TooManyPhoneCodes
from web import edge
from web.citizen.decisions import decisions_of
from web.citizen.face import blueprint
from web.citizen.forms import typed
from web.citizen.phone_check import TRIES, send_code, try_code
from web.citizen.running import forget_hold
from web.citizen.since import list_since
from web.citizen.waitlist import list_waits
from web.device import give_device
from web.guards import CITIZEN_KEY, citizen_only, public
from web.known_browser import forget_browser
from web.limits import limit_tries
from web.paths import safe_next
from web.problems import status_of

SHOWN_FOR = timedelta(days=60)
_ASKED_KEY = "asked_phone"
_PURPOSE = "session.asked_phone"


@blueprint.get("/my")
@citizen_only
def my_bookings() -> ResponseReturnValue:
    """Those to come first, then the past two months."""
    with edge.transaction() as session:
        halls = {hall.id: hall for hall in list_halls(session)}
        rows = list_since(session, g.phone, halls, edge.now() - SHOWN_FOR)
        services = {
            each.id: each for each in services_of(session, {id_ for row in rows for id_ in row.service_ids})
        }
        names = {row.id: [services[id_] for id_ in row.service_ids if id_ in services] for row in rows}
        places = {row.id: place_in(row) for row in rows}
        waits = list_waits(session, g.phone, halls)
        decisions = decisions_of(session, g.phone, halls)
    late = {row.id: _is_late(row, halls[row.hall_id]) for row in rows if _is_changeable(row)}
    listed = [(row, halls[row.hall_id], names[row.id]) for row in rows]
    coming = [each for each in listed if _is_coming(each)]
    past = [each for each in reversed(listed) if not _is_coming(each)]
    facts = {"coming": coming, "cancellable": late, "waits": waits, "past": past, "places": places}
    return render_template("citizen/my.html", **facts, phone=g.phone, **decisions)


def _is_changeable(row: Appointment) -> bool:
    return row.state == AppointmentState.BOOKED and row.starts_at > edge.now()


def _is_late(row: Appointment, hall: Hall) -> bool:
    """Whether cancelling it now counts as missed."""
    return counts_as_missed(row, policy=rules_of(hall).policy, now=edge.now())


def _is_coming(listed: tuple[Appointment, Hall, object]) -> bool:
    return listed[0].state in OPEN


@blueprint.post("/my/leave")
@public
def leave() -> ResponseReturnValue:
    """Forget the phone: for a phone or computer that others use, too."""
    cookie_session.clear()
    forget_browser()
    forget_hold()
    flash(_("已退出，本机不再保留您的手机号。"), "ok")
    return redirect(url_for(".home"), 303)


@blueprint.get("/verify")
@public
def verify_phone() -> ResponseReturnValue:
    """Ask for the phone, and for the code once it was sent."""
    after_this_request(give_device)  # by which its tries are counted
    return _page(request.args.get("next"), _asked())


@blueprint.post("/verify")
@public
@limit_tries(TRIES)
def submit_verify() -> ResponseReturnValue:
    """Send a code, or try one and go on to where the citizen wanted to be."""
    form, target = typed(request.form, "phone", "code", "do", "mine"), request.form.get("next")
    if form["do"] == "send" or not form["code"]:
        return _send(form["phone"], target)
    errors = try_code(form["phone"], form["code"][:12], keep=form["mine"] == "1")
    if errors:
        return _page(target, form["phone"], errors), 422
    cookie_session.pop(_ASKED_KEY, None)
    return redirect(safe_next(target, url_for(".my_bookings")), 303)


def _send(phone: str, target: str | None) -> ResponseReturnValue:
    try:
        number = send_code(phone)
    except DomainError as error:
        if isinstance(error, TooManyPhoneCodes):
            _remember_asked(phone)  # the one of a moment ago, asked for on another page, can be typed here
        return _page(target, phone, {"phone": error.sentence(edge.language())}), status_of(error)
    _remember_asked(phone)
    flash(_("验证码已发送到 %(phone)s，5 分钟内有效。", phone=mask_phone(number)), "ok")
    return redirect(url_for(".verify_phone", next=safe_next(target, ""), _anchor="field-code"), 303)


def _remember_asked(phone: str) -> None:
    sealed = cipher().encrypt(phone, _PURPOSE)
    cookie_session[_ASKED_KEY] = base64.urlsafe_b64encode(sealed).decode()


def _asked() -> str:
    """The phone that a code was sent to, kept sealed in the cookie: it is not yet shown to be theirs."""
    try:
        sealed = base64.urlsafe_b64decode(cookie_session.get(_ASKED_KEY, ""))
        return cipher().decrypt(sealed, _PURPOSE)
    except (CannotDecrypt, binascii.Error):
        return ""


def _page(target: str | None, phone: str, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "citizen/verify.html",
        next=safe_next(target, ""),
        phone=phone,
        errors=errors or {},
        labels={"phone": _("手机号"), "code": _("验证码")},
        sent=_ASKED_KEY in cookie_session,
        known=CITIZEN_KEY in cookie_session,
        back=_before(safe_next(target, "")),
        here=url_for(".verify_phone", next=safe_next(target, "") or None),
    )


def _before(target: str) -> str:
    """The page that led to `target`, which itself would only ask for the phone again."""
    pieces = urlsplit(target)
    try:
        endpoint, found = current_app.create_url_adapter(request).match(pieces.path, method="GET")  # type: ignore[union-attr]  # there is a request
    except HTTPException:
        return url_for(".home")
    several = endpoint in ("citizen.wait_form_trip", "citizen.special_trip")
    if not several and endpoint not in ("citizen.wait_form", "citizen.special"):
        return url_for(".home")
    values: dict[str, Any] = {
        **found,
        **{name: text for name, text in parse_qsl(pieces.query) if name in ("day", "a", "s")},
    }
    return url_for(".trip_slots" if several else ".slots", **values)
