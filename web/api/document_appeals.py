"""Appeals for documents that others used: made with any verified phone, decided by a hall."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking import document_appeals
from booking.appeal_steps import AppealIsDecided, AppealUnknown, WordsMissing, get_of_hall
from booking.asked import asker_of
from booking.document_appeals import AppealForDocument
from booking.models import DocumentAppeal
from halls.queries import HallUnknown, get_hall
from kernel.limits import LimitReached
from kernel.phone import mask as mask_phone
from people import phone_token
from people.identity import mask
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.person import DOCUMENT_REFUSED, phone_of
from web.api.schemas import document_appeals as shapes
from web.api.schemas.booking import PhoneProofSchema
from web.api.schemas.exceptions import DecideAppealSchema, OpenQuerySchema
from web.citizen.decisions import WEIGHS_FOR
from web.guards import bearer_only, public
from web.limits import limit_document_appeal

blueprint = Blueprint(
    "document-appeals", __name__, description="Appeals for documents that others used. 证件被他人使用的申诉"
)

APPEALED = shapes.DocumentAppealedSchema()
OF_HALL = shapes.DocumentAppealOfHallSchema()


def _of_hall(session: Session, asked: DocumentAppeal) -> dict[str, Any]:
    asker = asker_of(asked)
    record = document_appeals.on_record(session, asked, now=edge.now())
    return {
        **present.appeal_of_hall(asked),
        "identity_kind": asker.identity_kind,
        "identity_number": mask(asker.identity_number),
        "phone": mask_phone(asker.phone),
        "missed_here": list(record.missed_here),
        "missed_elsewhere": record.missed_elsewhere,
        "missed_by_this_phone": record.own,
        "open_by_others": record.open_by_others,
        "suspended_until": record.suspended_until,
    }


@blueprint.post("/document-appeals")
@public
@idempotent
@refuses(
    phone_token.PhoneNotVerified,
    LimitReached,
    HallUnknown,
    WordsMissing,
    document_appeals.OneOpenAppeal,
    *DOCUMENT_REFUSED,
)
@blueprint.arguments(shapes.AskForDocumentSchema())
@blueprint.response(201, APPEALED)
def appeal_for_document(body: Mapping[str, str]) -> Response:
    """Say that others booked with one's document. Answered the same whatever is known of the document.

    证件被他人用来预约，自己约不上时申诉；无论这份证件有没有记录，答复都一样。
    """
    phone = phone_of(body)
    kind, number = body["identity_kind"], body["identity_number"]
    command = AppealForDocument(
        hall_code=body["hall"],
        identity_kind=kind,
        identity_number=number,
        phone=phone,
        reason=body["reason"],
        language=body.get("language", edge.language()),
    )

    def work(session: Session) -> dict[str, Any]:
        limit_document_appeal(session, phone, kind, number)
        return present.appeal(document_appeals.ask(session, command, actor=edge.actor(), now=edge.now()))

    return answer_once(work, APPEALED)


@blueprint.post("/document-appeals/list")
@public
@refuses(phone_token.PhoneNotVerified)
@blueprint.arguments(PhoneProofSchema())
@blueprint.response(200, shapes.DocumentAppealedSchema(many=True))
def list_own_document_appeals(body: Mapping[str, str]) -> Sequence[dict[str, Any]]:
    """List what this phone has asked, with the answers.

    列出这个手机号提交的申诉和答复。
    """
    phone = phone_of(body)
    with edge.transaction() as session:
        rows = document_appeals.list_own(session, phone, since=edge.now() - WEIGHS_FOR)
        return [present.appeal(each) for each in rows]


@blueprint.get("/halls/<code:code>/document-appeals")
@bearer_only("appeal.decide")
@refuses(HallUnknown)
@blueprint.arguments(OpenQuerySchema(), location="query")
@blueprint.response(200, shapes.DocumentAppealListSchema())
def list_hall_document_appeals(query: Mapping[str, str], code: str) -> dict[str, Any]:
    """List the appeals for documents that a hall has to decide, or has decided; documents are masked.

    列出大厅等待处理（或已处理）的证件申诉；证件号码打码。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("appeal.decide", hall.id)
        open_only = query["open"] == "true"
        rows = document_appeals.list_document_appeals(session, hall.id, open_only=open_only)
        return {"appeals": [_of_hall(session, each) for each in rows]}


@blueprint.post("/halls/<code:code>/document-appeals/<reference:reference>/decide")
@bearer_only("appeal.decide")
@idempotent
@refuses(HallUnknown, AppealUnknown, WordsMissing, AppealIsDecided)
@blueprint.arguments(DecideAppealSchema())
@blueprint.response(200, OF_HALL)
def decide_document_appeal(body: Mapping[str, Any], code: str, reference: str) -> Response:
    """Accept or refuse, with an answer; told by SMS. Accepted, what other phones missed here counts no more.

    处理证件申诉并答复，短信告知；通过的，其他手机号在本大厅的爽约不再计算。其他大厅的仍使预约受限时，
    转给那里处理（state 仍为 asked）。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("appeal.decide", hall.id)
        asked = get_of_hall(session, DocumentAppeal, reference, hall_id=hall.id)
        document_appeals.decide(session, asked, **body, actor=actor, now=edge.now())
        return _of_hall(session, asked)

    return answer_once(work, OF_HALL, status=200, caller=edge.actor())
