"""Special requests: asked with a verified phone, decided by the hall's duty officer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking import special_requests as requests
from booking.appeal_steps import WordsMissing
from booking.asked import answer_of, reason_of
from booking.errors import (
    ServiceNotOffered,
    ServicesInDifferentLines,
    SlotFull,
    SlotUnknown,
)
from booking.models import Appointment, SpecialRequest
from booking.policy import AlreadyBookedThatDay, BeyondHorizon, InPast
from booking.request_days import NoTimesThatDay
from booking.request_person import show_person
from catalog.queries import services_of
from halls.models import Hall, ServiceGroup
from halls.queries import HallUnknown, get_hall
from kernel.limits import LimitReached
from people import phone_token
from people.names import check_name
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.person import PERSON_REFUSED, phone_of
from web.api.schemas import booking as booking_shapes
from web.api.schemas import exceptions as shapes
from web.guards import bearer_only, public
from web.limits import limit_phone

blueprint = Blueprint("special-requests", __name__, description="Numbers outside the line. 特殊申请")

ASKED, ONE = shapes.RequestSchema(), shapes.OneRequestSchema()
_SHOWN_FOR = timedelta(days=60)


def _shown(session: Session, asked: SpecialRequest) -> dict[str, Any]:
    given = session.get(Appointment, asked.appointment_id) if asked.appointment_id else None
    return {
        "reference": asked.reference,
        "hall": session.get_one(Hall, asked.hall_id).code,
        "group": session.get_one(ServiceGroup, asked.group_id).code,
        "kind": asked.kind,
        "state": asked.state,
        "wanted_on": asked.wanted_on,
        "asked_at": asked.created_at,
        "answer": answer_of(asked) or None,
        "appointment": given.reference if given else None,
    }


@blueprint.post("/special-requests")
@public
@idempotent
@refuses(
    phone_token.PhoneNotVerified,
    LimitReached,
    HallUnknown,
    ServiceNotOffered,
    ServicesInDifferentLines,
    requests.RequestKindUnknown,
    WordsMissing,
    InPast,
    BeyondHorizon,
    NoTimesThatDay,
    *PERSON_REFUSED,
    requests.OneOpenRequest,
)
@blueprint.arguments(shapes.AskSpeciallySchema())
@blueprint.response(201, ASKED)
def ask_specially(body: Mapping[str, Any]) -> Response:
    """Ask for a number outside the line, with a reason; answered by SMS.

    申请绿色通道、急事或特殊情况的号；答复用短信告知。
    """
    phone = phone_of(body)
    command = requests.AskSpecially(
        hall_code=body["hall"],
        service_codes=tuple(body["services"]),
        kind=body["kind"],
        wanted_on=body["wanted_on"],
        reason=body["reason"],
        name=check_name(body["name"]),
        identity_kind=body["identity_kind"],
        identity_number=body["identity_number"],
        phone=phone,
        answers=body["answers"],
        language=body.get("language", edge.language()),
    )

    def work(session: Session) -> dict[str, Any]:
        limit_phone(session, "request.phone", phone)
        return _shown(session, requests.ask(session, command, actor=edge.actor(), now=edge.now()))

    return answer_once(work, ASKED)


@blueprint.post("/special-requests/list")
@public
@refuses(phone_token.PhoneNotVerified)
@blueprint.arguments(booking_shapes.PhoneProofSchema())
@blueprint.response(200, shapes.RequestSchema(many=True))
def list_own_requests(body: Mapping[str, str]) -> list[dict[str, Any]]:
    """List the requests of a phone; a POST, because the proof of the phone belongs in no address.

    列出手机号提出的特殊申请。
    """
    phone = phone_of(body)
    with edge.transaction() as session:
        rows = requests.list_own_requests(session, phone, since=edge.now() - _SHOWN_FOR)
        return [_shown(session, each) for each in rows]


@blueprint.post("/special-requests/<reference:reference>/withdraw")
@public
@refuses(phone_token.PhoneNotVerified, requests.RequestUnknown, requests.RequestIsDecided)
@blueprint.arguments(booking_shapes.PhoneProofSchema())
@blueprint.response(200, ASKED)
def withdraw_request(body: Mapping[str, str], reference: str) -> dict[str, Any]:
    """Withdraw a request that was not answered yet; doing it twice changes nothing.

    撤回未答复的申请；重复撤回不改变结果。
    """
    phone = phone_of(body)
    with edge.transaction() as session:
        asked = requests.get_own_request(session, reference, phone=phone)
        requests.withdraw(session, asked, actor=edge.actor(), now=edge.now())
        return _shown(session, asked)


def _of_hall(session: Session, asked: SpecialRequest) -> dict[str, Any]:
    return {
        "reference": asked.reference,
        "group": session.get_one(ServiceGroup, asked.group_id).code,
        "kind": asked.kind,
        "state": asked.state,
        "wanted_on": asked.wanted_on,
        "asked_at": asked.created_at,
        "late": requests.is_late(asked, now=edge.now()),
    }


def _whole(session: Session, asked: SpecialRequest) -> dict[str, Any]:
    person = show_person(session, asked, actor=edge.actor(), now=edge.now())
    return {
        **_of_hall(session, asked),
        "services": [service.code for service in services_of(session, asked.service_ids)],
        "reason": reason_of(asked),
        "answer": answer_of(asked) or None,
        "name": person.name,
        "identity_kind": person.identity_kind,
        "identity_number": person.identity_number,
        "phone": person.phone,
    }


@blueprint.get("/halls/<code:code>/special-requests")
@bearer_only("request.decide")
@refuses(HallUnknown)
@blueprint.arguments(shapes.OpenQuerySchema(), location="query")
@blueprint.response(200, shapes.RequestListSchema())
def list_hall_requests(query: Mapping[str, str], code: str) -> dict[str, Any]:
    """List the requests of a hall that wait for an answer, or those that were answered.

    列出大厅等待答复（或已答复）的特殊申请。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("request.decide", hall.id)
        rows = requests.list_requests(session, hall.id, open_only=query["open"] == "true")
        return {"requests": [_of_hall(session, each) for each in rows]}


@blueprint.get("/halls/<code:code>/special-requests/<reference:reference>")
@bearer_only("request.decide")
@refuses(HallUnknown, requests.RequestUnknown)
@blueprint.response(200, ONE)
def read_hall_request(code: str, reference: str) -> dict[str, Any]:
    """Read one request with its reason and who asks.

    查看一份特殊申请。
    """
    with edge.transaction() as session:
        return _whole(session, _mine(session, code, reference))


def _mine(session: Session, code: str, reference: str) -> SpecialRequest:
    hall = get_hall(session, code)
    edge.require("request.decide", hall.id)
    return requests.get_request(session, reference, hall_id=hall.id)


@blueprint.post("/halls/<code:code>/special-requests/<reference:reference>/approve")
@bearer_only("request.decide")
@idempotent
@refuses(
    HallUnknown,
    requests.RequestUnknown,
    requests.RequestIsDecided,
    WordsMissing,
    SlotUnknown,
    SlotFull,
    InPast,
    AlreadyBookedThatDay,
)
@blueprint.arguments(shapes.ApproveSchema())
@blueprint.response(200, ONE)
def approve_request(body: Mapping[str, Any], code: str, reference: str) -> Response:
    """Give a number of the duty reserve, or of the walk-ins where none is left. Told by SMS.

    同意申请并安排时间（先机动号，后现场号）；短信告知。
    """

    def work(session: Session) -> dict[str, Any]:
        asked = _mine(session, code, reference)
        requests.approve(session, asked, **body, actor=edge.actor(), now=edge.now())
        return _whole(session, asked)

    return answer_once(work, ONE, status=200, caller=edge.actor())


@blueprint.post("/halls/<code:code>/special-requests/<reference:reference>/refuse")
@bearer_only("request.decide")
@idempotent
@refuses(
    HallUnknown,
    requests.RequestUnknown,
    requests.RequestIsDecided,
    WordsMissing,
)
@blueprint.arguments(shapes.RefuseSchema())
@blueprint.response(200, ONE)
def refuse_request(body: Mapping[str, str], code: str, reference: str) -> Response:
    """Say no, with an answer that helps on. Told by SMS.

    不同意申请，并给出有用的答复；短信告知。
    """

    def work(session: Session) -> dict[str, Any]:
        asked = _mine(session, code, reference)
        requests.refuse(session, asked, answer=body["answer"], actor=edge.actor(), now=edge.now())
        return _whole(session, asked)

    return answer_once(work, ONE, status=200, caller=edge.actor())
