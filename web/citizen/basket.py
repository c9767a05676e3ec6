"""What a citizen wants done in one visit, collected in the signed cookie until it is booked."""

from flask import flash, redirect, render_template, request, url_for
from flask import session as cookie_session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import get_service
from web import edge
from web.citizen.face import BASKET_KEY, blueprint
from web.citizen.trip import ensure_room
from web.guards import public


@blueprint.get("/basket")
@public
def basket() -> ResponseReturnValue:
    """What was chosen so far, and the way on."""
    with edge.transaction() as session:
        services = _services(session, basket_codes())
    codes = [service.code for service in services]
    if codes != basket_codes():  # a service is no longer handled
        cookie_session[BASKET_KEY] = codes
    return render_template("citizen/basket.html", services=services, codes=",".join(codes))


@blueprint.post("/basket/<code>")
@public
def change_basket(code: str) -> ResponseReturnValue:
    """Add the service, or take it out again (`do=remove`); twice is once."""
    codes = basket_codes()
    if request.form.get("do") == "remove":
        cookie_session[BASKET_KEY] = [each for each in codes if each != code]
        return redirect(url_for(".basket"), 303)
    with edge.transaction() as session:
        name = edge.text(get_service(session, code), "name")
    ensure_room([*codes, code])
    cookie_session[BASKET_KEY] = [*codes, code] if code not in codes else codes
    flash(_("已加入一起办：%(name)s。", name=name), "ok")
    return redirect(url_for(".basket"), 303)


def basket_codes() -> list[str]:
    """The chosen services, in the order in which they were chosen."""
    return list(cookie_session.get(BASKET_KEY, []))


def empty_basket() -> None:
    """What was in it is booked."""
    cookie_session.pop(BASKET_KEY, None)


def _services(session: Session, codes: list[str]) -> list[Service]:
    rows = session.scalars(select(Service).where(Service.code.in_(codes), Service.active))
    return sorted(rows, key=lambda service: codes.index(service.code))
