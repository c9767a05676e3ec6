"""Administration: what citizens can have done, where, by whom; who did what; and the lists for an outage."""

from typing import Any

from flask import Blueprint, Flask

from web import edge
from web.admin import (
    audit_log,
    day_lists,
    days,
    devices,
    entry,
    guide_files,
    guide_parts,
    guides,
    hall_budget,
    hall_parts,
    halls,
    histories,
    materials,
    packages,
    plan_closures,
    plan_numbers,
    plan_rules,
    plan_sessions,
    plan_versions,
    plans,
    privacy,
    queue_rules,
    screens,
    services,
    staff,
    staff_member,
    synonyms,
    tables,
    topics,
)
from web.citizen.words import yuan

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
PAGES = (
    topics, services, materials, guides, guide_parts, guide_files, packages, synonyms, tables, day_lists,
    histories, halls, hall_parts, hall_budget, plans, plan_sessions, plan_closures, plan_numbers, plan_rules,
    queue_rules, plan_versions, days,
    staff, staff_member, devices, screens, privacy, audit_log,
)  # fmt: skip
for page in PAGES:
    page.add_to(blueprint)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {
        "label": entry.label,
        "yuan": yuan,
        "topics": topics.shown,
        "topic_here": topics.here,
        "topic_groups": topics.GROUPS,
        "may": edge.actor().may,
    }


def register(app: Flask) -> None:
    """Add the administrators' pages."""
    app.register_blueprint(blueprint)
