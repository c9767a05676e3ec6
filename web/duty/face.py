"""The blueprint that the duty pages share."""

from typing import Any

from flask import Blueprint
from sqlalchemy.orm import Session

from halls.models import Hall
from halls.queries import get_hall
from kernel.errors import DomainError
from kernel.phone import mask as mask_phone
from web import edge
from web.citizen import words

blueprint = Blueprint("duty", __name__, url_prefix="/duty")
#: Code of an error → the field of a duty officer's form that it is about.
_FIELD_OF = {
    "slot_unknown": "starts_at",
    "name_missing": "name",
    "name_impossible": "name",
    "identity_kind_unknown": "kind",
    "identity_malformed": "number",
    "identity_checksum_wrong": "number",
    "identity_birth_impossible": "number",
    "phone_malformed": "phone",
    "lift_reason_unknown": "reason",
}


def errors_of(refusal: DomainError) -> dict[str, str]:
    """Field → what is wrong with it; what is about no field stands under `_refusal`."""
    return {_FIELD_OF.get(refusal.code, "_refusal"): refusal.sentence(edge.language())}


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
