"""Administration: halls at a glance, staff accounts with roles, devices, and who did what."""

from flask import Blueprint, Flask

from web.admin import audit_log, devices, halls, staff

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for page in (halls, staff, devices, audit_log):
    page.add_to(blueprint)


def register(app: Flask) -> None:
    """Add the administrators' pages."""
    app.register_blueprint(blueprint)
