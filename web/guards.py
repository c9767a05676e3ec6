"""Deny first: every route carries exactly one guard; a test walks the URL map and checks it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, redirect, request, url_for
from flask import session as cookie_session
from flask_login import current_user

from kernel import clock
from kernel.actor import ANONYMOUS, Actor
from kernel.errors import Forbidden, Unauthenticated
from people import api_tokens, devices, phone_token
from web import edge
from web.known_browser import known_phone
from web.paths import page_to_return_to

View = TypeVar("View", bound=Callable[..., Any])

DEVICE_COOKIE = "device"
CITIZEN_KEY = "citizen_phone"


class DeviceUnknown(Unauthenticated):
    """No device token, or one that was withdrawn."""

    code = "device_unknown"
    zh = "本设备尚未登记或已停用，请联系大厅工作人员。"
    en = "This device is not enrolled or was withdrawn. Please ask the staff."


def _mark(view: Callable[..., Any], guard: str) -> None:
    view.__guard__ = guard  # type: ignore[attr-defined]  # read by the test of the URL map


def _wrap(view: View, guard: str, check: Callable[[], Any]) -> View:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        refusal = check()
        return refusal if refusal is not None else view(*args, **kwargs)

    _mark(guarded, guard)
    return guarded  # type: ignore[return-value]  # same signature as the view


def public(view: View) -> View:
    """Anyone may ask; the actor is an unknown citizen."""

    def check() -> None:
        g.actor = ANONYMOUS

    return _wrap(view, "public", check)


def signed(view: View) -> View:
    """A webhook that checks its own signature or secret in the view."""
    _mark(view, "signed")
    return view


def bearer_token() -> str:
    """The token of this request, empty when it has none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _token_actor() -> Actor | None:
    token = bearer_token()
    if not token:
        return None
    with edge.direct() as direct:
        staff = api_tokens.find_actor(direct, token, real_now=clock.real_now())
    if staff is not None:
        return staff
    with edge.transaction() as session:
        device = devices.find_device(session, token)
        return devices.actor_of_device(device) if device is not None else None


def staff_only(permission: str) -> Callable[[View], View]:
    """Signed-in staff with `permission` (pages); the hall is checked where it is known."""

    def decorate(view: View) -> View:
        def check() -> Any:
            if not current_user.is_authenticated:
                return redirect(url_for("signin.form", next=page_to_return_to()))
            g.actor = current_user.actor
            if permission and not g.actor.may(permission):
                raise Forbidden
            return None

        return _wrap(view, f"staff:{permission}", check)

    return decorate


def bearer_only(permission: str) -> Callable[[View], View]:
    """A bearer token of staff or of a device, with `permission` (API)."""

    def decorate(view: View) -> View:
        def check() -> None:
            who = _token_actor()
            if who is None:
                raise Unauthenticated
            g.actor = who
            if permission and not who.may(permission):
                raise Forbidden

        return _wrap(view, f"bearer:{permission}", check)

    return decorate


def device_only(kind: str) -> Callable[[View], View]:
    """An enrolled device of that kind, known by its cookie; `g.device` is its row."""

    def decorate(view: View) -> View:
        def check() -> None:
            with edge.transaction() as session:
                device = devices.find_device(session, request.cookies.get(DEVICE_COOKIE, ""))
            if device is None or device.kind != kind:
                raise DeviceUnknown
            g.device, g.actor = device, devices.actor_of_device(device)

        return _wrap(view, f"device:{kind}", check)

    return decorate


def citizen_phone() -> str | None:
    """The phone that this browser stands for: verified just now, or known for 90 days; None for others."""
    return fresh_phone() or known_phone()


def fresh_phone() -> str | None:
    """The phone that this browser has verified by code within the last half-hour, None when it has not."""
    token = cookie_session.get(CITIZEN_KEY)
    if not token:
        return None
    try:
        return phone_token.open(token, now=edge.now())
    except phone_token.PhoneNotVerified:
        return None


def remember_citizen_phone(phone: str) -> None:
    """Keep the verified phone, encrypted, in the signed session cookie."""
    cookie_session[CITIZEN_KEY] = phone_token.seal(phone, now=edge.now())


def citizen_only(view: View) -> View:
    """A citizen whose phone this browser has verified; `g.phone` holds it."""
    return _wrap(view, "citizen", lambda: _ask_for(citizen_phone()))


def citizen_just_verified(view: View) -> View:
    """A citizen whose phone was verified by code a moment ago: for what a stolen browser must not do."""
    return _wrap(view, "citizen-fresh", lambda: _ask_for(fresh_phone()))


def _ask_for(phone: str | None) -> Any:
    if phone is None:
        return redirect(url_for("citizen.verify_phone", next=page_to_return_to()))
    g.phone, g.actor = phone, ANONYMOUS
    return None
