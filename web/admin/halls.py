"""The halls of the city: their lines, counters, and addresses of their faces."""

from typing import Any

from flask import Blueprint, render_template

from halls import queries as halls
from web import edge
from web.guards import staff_only


@staff_only("hall.edit")
def home() -> Any:
    """Every hall of one's own with its groups and counters."""
    with edge.transaction() as session:
        shown = [
            (hall, halls.list_groups(session, hall.id, active=True), halls.list_counters(session, hall.id))
            for hall in halls.list_halls(session)
            if edge.actor().may("hall.edit", hall.id)
        ]
    return render_template("admin/halls.html", halls=shown, everywhere=edge.actor().everywhere)


def add_to(blueprint: Blueprint) -> None:
    """Attach the routes."""
    blueprint.add_url_rule("/halls", "halls", home)
