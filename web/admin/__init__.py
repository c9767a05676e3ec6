"""Administration: what citizens can have done, where, by whom; who did what; and the lists for an outage."""

from typing import Any

from flask import Blueprint, Flask

from web.admin import (
    audit_log,
    day_lists,
    devices,
    entry,
    guide_parts,
    guides,
    halls,
    histories,
    materials,
    packages,
    services,
    staff,
    synonyms,
    tables,
    topics,
)
from web.citizen.words import yuan

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
PAGES = (
    topics, services, materials, guides, guide_parts, packages, synonyms, tables, day_lists, histories,
    halls, staff, devices, audit_log,
)  # fmt: skip
for page in PAGES:
    page.add_to(blueprint)


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"label": entry.label, "yuan": yuan, "topics": topics.shown}


def register(app: Flask) -> None:
    """Add the administrators' pages."""
    app.register_blueprint(blueprint)
