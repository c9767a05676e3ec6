"""Extra sessions of a hall (错时、延时、周末加考、流动下乡) and lines that stand for one date only."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.plan_history import as_data, current_plan
from halls.queries import list_groups
from kernel.errors import DomainError
from web import edge
from web.admin import plan_edge
from web.admin.plans import CLOCKS
from web.guards import staff_only


def _page(session: Session, hall: Hall, *, wrong: dict[str, str] | None = None) -> str:
    data = as_data(current_plan(session, hall))
    rows = sorted(enumerate(data["extras"]), key=lambda each: (each[1]["on"], each[1]["starts"]))
    return render_template(
        "admin/plans/sessions.html",
        hall=hall,
        rows=rows,
        groups=list_groups(session, hall.id, active=True),
        clocks=CLOCKS,
        kinds=plan_edge.SESSION_NAMES,
        base=plan_edge.base_number(session, hall),
        form=request.form,
        wrong=wrong or {},
    )


@staff_only("plan.edit")
def show(code: str) -> Any:
    """All lines of single dates, and a form for one more."""
    with edge.transaction() as session:
        return _page(session, plan_edge.hall_of(session, code))


def _typed() -> dict[str, Any]:
    names = ("group", "on", "kind", "starts", "ends", "session", "place_zh", "place_en")
    row: dict[str, Any] = {name: plan_edge.typed(name, 160) for name in names}
    if row["kind"] == "replace":
        row["session"] = ""
    try:
        row["counters"] = round(float(plan_edge.typed("counters", 10)), 3)
    except ValueError:
        raise plan_edge.FormValueWrong(name="counters") from None
    return row


@staff_only("plan.edit")
def save(code: str) -> Any:
    """Add a session, or remove the one that is named."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            data = as_data(current_plan(session, hall))
            gone = plan_edge.typed("remove", 6)
            extras = [row for at, row in enumerate(data["extras"]) if str(at) != gone]
            extras += [] if gone else [_typed()]
            back = url_for("admin.plan_sessions", code=code)
            return plan_edge.propose(session, hall, {**data, "extras": extras}, note="", back=back)
    except DomainError as error:
        return plan_edge.refused(
            error, lambda session, wrong: _page(session, plan_edge.hall_of(session, code), wrong=wrong)
        )


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/plans/<code>/sessions", "plan_sessions", show)
    blueprint.add_url_rule("/plans/<code>/sessions", "plan_sessions_save", save, methods=["POST"])
