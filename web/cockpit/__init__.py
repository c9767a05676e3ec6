"""The cockpit: how the halls stand today, and whether the promise of three working days holds."""

from typing import Any

from flask import Blueprint, Flask, Response, render_template
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from analytics.promise import promise_rows
from analytics.today import hall_today, total
from halls.models import Hall
from halls.queries import list_halls
from web import edge
from web.fragments import fragment
from web.guards import staff_only

blueprint = Blueprint("cockpit", __name__, url_prefix="/cockpit")
LEVELS = {"plenty": _("充足"), "few": _("紧张"), "none": _("无号")}


def _my_halls(session: Session) -> list[Hall]:
    who = edge.actor()
    return [hall for hall in list_halls(session) if who.may("cockpit.view", hall.id)]


def _view() -> dict[str, Any]:
    with edge.transaction() as session:
        halls = _my_halls(session)
        today = [(hall, hall_today(session, hall, now=edge.now())) for hall in halls]
        rows = promise_rows(session, halls, now=edge.now())
    return {"today": today, "rows": rows, "total": total, "levels": LEVELS, "now": edge.now()}


@blueprint.get("/")
@staff_only("cockpit.view")
def home() -> Any:
    """The first page of a manager's day."""
    may_print = edge.actor().may("list.print")
    return render_template("cockpit/home.html", may_print=may_print, **_view())


@blueprint.get("/figures")
@staff_only("cockpit.view")
def figures() -> Response:
    """What changes on it."""
    return fragment("cockpit/figures.html", **_view())


def register(app: Flask) -> None:
    """Add the cockpit."""
    app.register_blueprint(blueprint)
