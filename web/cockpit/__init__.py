"""The cockpit: how the halls stand today, and whether the promise of three working days holds."""

from typing import Any

from flask import Blueprint, Flask, Response, render_template
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from analytics.promise import promise_rows
from analytics.same_day import same_day
from analytics.today import hall_today, total
from halls.models import Hall
from people.code_budget import Payer, Usage, usage
from queueing.left_behind import count_left
from web import edge
from web.cockpit import demand
from web.cockpit.my_halls import my_halls
from web.code_payer import payer_of
from web.fragments import fragment
from web.guards import staff_only

blueprint = Blueprint("cockpit", __name__, url_prefix="/cockpit")
LEVELS = {"plenty": _("充足"), "few": _("紧张"), "none": _("无号")}


def _view() -> dict[str, Any]:
    with edge.transaction() as session:
        halls = my_halls(session)
        today = [(hall, hall_today(session, hall, now=edge.now())) for hall in halls]
        same = {hall.id: same_day(session, hall, now=edge.now()) for hall in halls}
        rows = promise_rows(session, halls, now=edge.now())
        codes = _scarce_codes(session, halls)
        left = count_left(session, [hall.id for hall in halls], now=edge.now())
    return {
        "today": today,
        "rows": rows,
        "total": total,
        "levels": LEVELS,
        "now": edge.now(),
        "codes": codes,
        "same": same,
        "left": left,
    }


def _scarce_codes(session: Session, halls: list[Hall]) -> list[tuple[Hall | None, Usage]]:
    """Budgets of one-time codes that are nearly spent: somebody may be asking for other people's phones."""
    payers: list[tuple[Hall | None, Payer]] = [(hall, payer_of(session, hall)) for hall in halls]
    if edge.actor().everywhere:
        payers.append((None, payer_of(session, None)))
    used = [(hall, usage(session, payer, now=edge.now())) for hall, payer in payers]
    return [(hall, each) for hall, each in used if each.nearly]


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


demand.add_to(blueprint)


def register(app: Flask) -> None:
    """Add the cockpit."""
    app.register_blueprint(blueprint)
