"""Appeals against missed appointments: made with the phone that booked, decided by the hall."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking import appeals, lift
from booking.appeal_steps import AppealIsDecided, AppealUnknown, WordsMissing, get_of_hall
from booking.errors import AppointmentUnknown
from booking.models import Appeal, Appointment
from booking.slot_places import place_in
from halls.queries import HallUnknown, get_hall
from people import phone_token
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.person import DOCUMENT_REFUSED, phone_of
from web.api.schemas import exceptions as shapes
from web.guards import bearer_only, public
from web.told_to_staff import lifts_audited

blueprint = Blueprint("appeals", __name__, description="Appeals against missed appointments. 爽约申诉")

APPEALED = shapes.AppealedSchema()
LIFTED = shapes.LiftedSchema()
OF_HALL = shapes.AppealOfHallSchema()


def _of_hall(asked: Appeal, appointment: Appointment) -> dict[str, Any]:
    return {
        **present.appeal_of_hall(asked),
        "starts_at": appointment.starts_at,
        **place_in(appointment).as_json(),
    }


@blueprint.post("/appointments/<reference:reference>/appeal")
@public
@idempotent
@refuses(
    phone_token.PhoneNotVerified,
    AppointmentUnknown,
    WordsMissing,
    appeals.NothingToAppeal,
    appeals.AlreadyAppealed,
)
@blueprint.arguments(shapes.AppealSchema())
@blueprint.response(201, APPEALED)
def make_appeal(body: Mapping[str, str], reference: str) -> Response:
    """Say why a missed appointment should not count; with the phone that booked it.

    对爽约提出申诉；须用预约时的手机号验证。
    """
    phone = phone_of(body)

    def work(session: Session) -> dict[str, Any]:
        missed = appeals.get_own(session, reference, phone=phone)
        reason = body["reason"]
        asked = appeals.appeal(session, missed, reason=reason, actor=edge.actor(), now=edge.now())
        return present.appeal(asked)

    return answer_once(work, APPEALED)


@blueprint.get("/halls/<code:code>/appeals")
@bearer_only("appeal.decide")
@refuses(HallUnknown)
@blueprint.arguments(shapes.OpenQuerySchema(), location="query")
@blueprint.response(200, shapes.AppealListSchema())
def list_hall_appeals(query: Mapping[str, str], code: str) -> dict[str, Any]:
    """List the appeals of a hall that wait for a decision, or those that were decided.

    列出大厅等待处理（或已处理）的申诉。
    """
    with edge.transaction() as session:
        hall = get_hall(session, code)
        edge.require("appeal.decide", hall.id)
        rows = appeals.list_appeals(session, hall.id, open_only=query["open"] == "true")
        return {"appeals": [_of_hall(*row) for row in rows]}


@blueprint.post("/halls/<code:code>/appeals/<reference:reference>/decide")
@bearer_only("appeal.decide")
@idempotent
@refuses(
    HallUnknown,
    AppealUnknown,
    WordsMissing,
    AppealIsDecided,
)
@blueprint.arguments(shapes.DecideAppealSchema())
@blueprint.response(200, OF_HALL)
def decide_hall_appeal(body: Mapping[str, Any], code: str, reference: str) -> Response:
    """Accept or refuse an appeal, with an answer; an accepted one no longer counts. Told by SMS.

    处理申诉并答复；通过的不再计为爽约，短信告知。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("appeal.decide", hall.id)
        asked = get_of_hall(session, Appeal, reference, hall_id=hall.id)
        appeals.decide(session, asked, **body, actor=actor, now=edge.now())
        return _of_hall(asked, session.get_one(Appointment, asked.appointment_id))

    return answer_once(work, OF_HALL, status=200, caller=edge.actor())


@blueprint.post("/halls/<code:code>/suspensions/lift")
@bearer_only("appeal.decide")
@idempotent
@refuses(HallUnknown, *DOCUMENT_REFUSED, lift.NotSuspended, lift.SuspendedElsewhere)
@blueprint.arguments(shapes.LiftSchema())
@blueprint.response(200, LIFTED)
def lift_hall_suspension(body: Mapping[str, str], code: str) -> Response:
    """Let somebody at the counter, whose document was seen, book online again; for a reason, audited.

    在窗口核对证件原件后恢复网上预约：本大厅的爽约不再计算。须选择理由，写入操作记录。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("appeal.decide", hall.id)
        missed = lift.lift_suspension(
            session,
            hall,
            kind=body["identity_kind"],
            number=body["identity_number"],
            reason=body["reason"],
            actor=actor,
            now=edge.now(),
        )
        return {"missed": missed}

    with lifts_audited(code, body["identity_kind"], body["identity_number"]):
        return answer_once(work, LIFTED, status=200, caller=edge.actor())
