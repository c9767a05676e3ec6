"""Extra time: what would let everybody in today, for the duty officer to agree to or not."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from halls.models import Hall, ServiceGroup
from kernel.errors import DomainError
from queueing import extra_time
from queueing.forecast_models import FLEX, ExtraTime
from web import edge
from web.duty.face import blueprint, my_hall
from web.fragments import fragment
from web.guards import staff_only
from web.problems import status_of


@dataclass(frozen=True, slots=True)
class Row:
    """A proposal with its line; `minutes` is how long the day would become."""

    extra: ExtraTime
    group: ServiceGroup
    minutes: int


@blueprint.get("/<hall_code>/extra-time")
@staff_only("ticket.override")
def extra(hall_code: str) -> ResponseReturnValue:
    """Today's proposals."""
    return render_template("duty/extra.html", refusal="", **_view(hall_code))


@blueprint.get("/<hall_code>/extra-time/list")
@staff_only("ticket.override")
def extra_list(hall_code: str) -> ResponseReturnValue:
    """What changes on the page."""
    return fragment("duty/_extra.html", **_view(hall_code))


@blueprint.post("/<hall_code>/extra-time/<int:extra_id>")
@staff_only("ticket.override")
def decide_extra(hall_code: str, extra_id: int) -> ResponseReturnValue:
    """Yes or no."""
    accept = request.form.get("do") == "accept"
    try:
        with edge.transaction() as session:
            hall = my_hall(session, hall_code, "ticket.override")
            extra_time.decide(
                session,
                extra_id,
                hall_id=hall.id,
                accept=accept,
                actor=edge.actor(),
                now=edge.now(),
                counters=request.form.get("counters", type=int),
            )
    except DomainError as refused:
        page = render_template(
            "duty/extra.html", refusal=refused.sentence(edge.language()), **_view(hall_code)
        )
        return page, status_of(refused)
    flash(_("已增开，取号和等候时间按新的安排计算。") if accept else _("已记录：不增开。"), "ok")
    return redirect(url_for(".extra", hall_code=hall_code), 303)


def _view(hall_code: str) -> dict[str, Any]:
    with edge.transaction() as session:
        hall = my_hall(session, hall_code, "ticket.override")
        rows = rows_of(session, hall)
    return {
        "hall": hall,
        "waiting": sorted(_open(rows), key=lambda row: row.extra.kind != FLEX),
        "decided": [row for row in rows if row.extra.state != "open"],
    }


def _open(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.extra.state == "open"]


def rows_of(session: Session, hall: Hall) -> list[Row]:
    """Today's proposals of a hall with their lines."""
    on_date = edge.today(hall.time_zone)
    return [
        Row(each, session.get_one(ServiceGroup, each.group_id), _minutes(each))
        for each in extra_time.list_extra(session, hall.id, on_date=on_date)
    ]


def _minutes(each: ExtraTime) -> int:
    return round((each.ends_at - each.starts_at).total_seconds() / 60)
