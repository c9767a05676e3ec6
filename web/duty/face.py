"""The blueprint that the duty pages share."""

from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall
from kernel.phone import mask as mask_phone
from web import edge
from web.citizen import words

blueprint = Blueprint("duty", __name__, url_prefix="/duty")


def my_hall(session: Session, hall_code: str, permission: str) -> Hall:
    """The hall of this code, once sure that the actor holds the permission there.

    Raises:
        HallUnknown, Forbidden
    """
    hall = get_hall(session, hall_code)
    edge.require(permission, hall.id)
    return hall


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"day": words.day, "hour": words.hour, "span": words.span, "mask_phone": mask_phone}
