"""How many one-time codes a hall pays for: shown and changed on the hall's page."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _

from booking.save_policy import save_code_budget
from halls.queries import get_hall
from kernel.errors import DomainError
from web import edge, problems
from web.admin import entry, hall_parts, privacy
from web.guards import staff_only


@staff_only("hall.edit")
def save(code: str) -> Any:
    """Write the budget; what was typed stays when it is wrong."""
    typed = {name: entry.whole(name) for name in ("per_hour", "per_day")}
    try:
        with edge.transaction() as session:
            hall = get_hall(session, code)
            who = edge.require("hall.edit", hall.id)
            changed = save_code_budget(session, hall, typed, actor=who, now=edge.now())
    except DomainError as error:
        wrong = privacy.at_its_field(error, {name: entry.label(name) for name in typed})
        return hall_parts.page(code, budget=typed, errors=wrong), problems.status_of(error)
    flash(_("规则已保存。") if changed else _("没有改动。"), "ok")
    return redirect(url_for("admin.hall", code=code), 303)


def add_to(blueprint: Blueprint) -> None:
    """Attach the route."""
    blueprint.add_url_rule("/halls/<code>/code-budget", "hall_budget_save", save, methods=["POST"])
