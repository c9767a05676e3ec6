"""Earlier plans of a hall: who saved what and when, what differs from now, and undoing."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _

from halls import plan_history
from halls.plan_history import as_data, current_plan, read_back
from kernel.difference import changes
from kernel.errors import DomainError
from kernel.history import get_revision, list_revisions
from web import edge
from web.admin import plan_edge
from web.admin.histories import names_of, said
from web.guards import staff_only

_PATH = "/plans/<code>/history"


@staff_only("plan.edit")
def show(code: str) -> Any:
    """The saved states, newest first."""
    with edge.transaction() as session:
        hall = plan_edge.hall_of(session, code)
        rows = list_revisions(session, plan_history.KIND, code)
        names = names_of(session, rows)
    return render_template("admin/plans/history.html", hall=hall, rows=rows, names=names)


def _place(path: tuple[str, ...]) -> str:
    """Where in the plan, in words."""
    names = {
        "plan": _("每周计划"),
        "extras": _("加开"),
        "seasons": _("季节计划"),
        "groups": _("业务组"),
        "counters": _("窗口"),
    }
    return " › ".join(names.get(part, part) for part in path)


def _page(session: Any, code: str, number: int, wrong: dict[str, str]) -> str:
    hall = plan_edge.hall_of(session, code)
    row = get_revision(session, plan_history.KIND, code, number)
    found = changes(as_data(current_plan(session, hall)), row.content)
    return render_template(
        "admin/plans/version.html",
        hall=hall,
        row=row,
        names=names_of(session, [row]),
        lines=[(_place(change.path), said(change.before), said(change.after)) for change in found],
        base=plan_edge.base_number(session, hall),
        wrong=wrong,
    )


@staff_only("plan.edit")
def version(code: str, number: int) -> Any:
    """What would change if this plan came back."""
    with edge.transaction() as session:
        return _page(session, code, number, {})


@staff_only("plan.edit")
def restore(code: str, number: int) -> Any:
    """Undo: this plan holds again; where bookings would be stranded, ask first."""
    try:
        with edge.transaction() as session:
            hall = plan_edge.hall_of(session, code)
            data = as_data(read_back(session, code, number))
            note = _("恢复第 %(n)s 版", n=number)
            return plan_edge.propose(session, hall, data, note=note, back=url_for("admin.plan", code=code))
    except DomainError as error:
        return plan_edge.refused(error, lambda session, wrong: _page(session, code, number, wrong))


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule(_PATH, "plan_history", show)
    blueprint.add_url_rule(f"{_PATH}/<int:number>", "plan_version", version)
    blueprint.add_url_rule(f"{_PATH}/<int:number>", "plan_restore", restore, methods=["POST"])
