"""The blueprint that the pages share, and the names of services that they show."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_of
from web.citizen import words
from web.duty.face import my_hall

__all__ = ["blueprint", "my_hall", "services_by_id"]

blueprint = Blueprint("after", __name__, url_prefix="/after")


def services_by_id(session: Session, service_ids: Iterable[int]) -> dict[int, Service]:
    """Service id → service."""
    return {service.id: service for service in services_of(session, set(service_ids))}


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"day": words.day, "hour": words.hour}
