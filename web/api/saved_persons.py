"""Whom a verified phone books for: kept because they said so, listed masked, booked by reference."""

from collections.abc import Mapping
from typing import Any

from people import phone_token, saved_persons
from people.identity import (
    check,
)
from people.names import check_name
from people.saved_persons import Relation, TooManySavedPersons
from web import edge
from web.api.blueprint import Blueprint, refuses
from web.api.person import PERSON_REFUSED, phone_of
from web.api.schemas import booking as shapes
from web.guards import public

blueprint = Blueprint("saved-persons", __name__, description="Whom a phone books for. 常用办事人")


def _phone(body: Mapping[str, str]) -> str:
    return phone_of(body)


@blueprint.post("/saved-persons/list")
@public
@refuses(phone_token.PhoneNotVerified)
@blueprint.arguments(shapes.PhoneProofSchema())
@blueprint.response(200, shapes.SavedPersonSchema(many=True))
def list_saved_persons(body: Mapping[str, str]) -> Any:
    """List whom a phone books for, masked; a POST, because the proof of the phone belongs in no address.

    列出手机号名下的常用办事人（脱敏）。
    """
    phone = _phone(body)
    with edge.transaction() as session:
        return saved_persons.list_persons(session, phone)


@blueprint.post("/saved-persons")
@public
@refuses(
    phone_token.PhoneNotVerified,
    *PERSON_REFUSED,
    TooManySavedPersons,
)
@blueprint.arguments(shapes.SavePersonSchema())
@blueprint.response(201, shapes.SavedPersonSchema())
def save_person(body: Mapping[str, str]) -> Any:
    """Keep somebody for next time, with their consent; at most eight.

    经本人同意保存常用办事人，最多八位。
    """
    phone, name = _phone(body), check_name(body["name"])
    identity = check(body["identity_kind"], body["identity_number"], today=edge.today())
    relation = Relation(body["relation"]) if "relation" in body else None
    with edge.transaction() as session:
        row = saved_persons.save_person(
            session, phone, identity, name=name, relation=relation, actor=edge.actor(), now=edge.now()
        )
        return saved_persons.card_of(row)


@blueprint.post("/saved-persons/<reference:reference>/remove")
@public
@refuses(phone_token.PhoneNotVerified)
@blueprint.arguments(shapes.PhoneProofSchema())
@blueprint.response(204)
def remove_saved_person(body: Mapping[str, str], reference: str) -> None:
    """Forget somebody; doing it twice, or with another phone, changes nothing.

    删除常用办事人；重复删除不算错误。
    """
    phone = _phone(body)
    with edge.transaction() as session:
        saved_persons.remove_person(session, phone, reference, actor=edge.actor(), now=edge.now())
