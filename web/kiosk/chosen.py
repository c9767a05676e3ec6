"""The line and the matter that somebody has chosen at the kiosk, and what the line's day looks like."""

from typing import Any

from flask import request
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import ServiceUnknown, services_by_group
from halls.models import ServiceGroup
from halls.queries import get_group_by_code
from queueing.issue import GREEN_REASONS
from queueing.outlook import outlook
from web import edge
from web.kiosk.face import hall


def chosen(session: Session, group_code: str) -> dict[str, Any]:
    """What the pages of a line show; raises GroupUnknown, ServiceUnknown."""
    group = get_group_by_code(session, hall().id, group_code)
    return {
        "group": group,
        "service": _service(session, group),
        "outlook": outlook(session, hall().id, group.id, now=edge.now()),
        "green_reasons": GREEN_REASONS,
    }


def _service(session: Session, group: ServiceGroup) -> Service | None:
    code = request.values.get("service", "")
    return get_offered(session, group, code) if code else None


def get_offered(session: Session, group: ServiceGroup, code: str) -> Service:
    """A service that this line handles; raises ServiceUnknown."""
    offered = services_by_group(session, group.hall_id).get(group.id, [])
    found = next((each for each in offered if each.code == code), None)
    if found is None:
        raise ServiceUnknown
    return found
