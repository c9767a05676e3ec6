"""The blueprint that the pages share, and the names of services that they show."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_of
from halls.models import Hall
from halls.queries import get_hall
from web import edge
from web.citizen import words

blueprint = Blueprint("after", __name__, url_prefix="/after")


def my_hall(session: Session, hall_code: str, permission: str) -> Hall:
    """The hall of this code, once sure that the actor holds the permission there.

    Raises:
        HallUnknown, Forbidden
    """
    hall = get_hall(session, hall_code)
    edge.require(permission, hall.id)
    return hall


def services_by_id(session: Session, service_ids: Iterable[int]) -> dict[int, Service]:
    """Service id → service."""
    return {service.id: service for service in services_of(session, set(service_ids))}


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"day": words.day, "hour": words.hour}
