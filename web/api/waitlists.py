"""Waitlists: join where nothing is free, see how it stands, take the number that is offered, leave."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking import waitlist
from booking.errors import (
    ServiceNotOffered,
    ServicesInDifferentLines,
)
from booking.models import WaitlistEntry
from booking.slot_sessions import place_of_draft
from booking.waitlist_states import WaitState
from halls.models import Hall, ServiceGroup
from halls.queries import HallUnknown
from people import phone_token
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.person import phone_of
from web.api.schemas import booking as booking_shapes
from web.api.schemas import exceptions as shapes
from web.guards import public

blueprint = Blueprint("waitlists", __name__, description="Waiting for a number. 候补")

WAITING = shapes.WaitingSchema()


def _shown(session: Session, entry: WaitlistEntry) -> dict[str, Any]:
    offered = entry.state == WaitState.OFFERED
    return {
        "reference": entry.reference,
        "hall": session.get_one(Hall, entry.hall_id).code,
        "group": session.get_one(ServiceGroup, entry.group_id).code,
        "state": entry.state,
        "first_on": entry.first_on,
        "last_on": entry.last_on,
        "ahead": waitlist.count_ahead(session, entry) if entry.state == WaitState.WAITING else None,
        "offer_starts_at": entry.offer_starts_at if offered else None,
        "offer_until": entry.offer_until if offered else None,
        **(place_of_draft(session, entry.draft_id).as_json() if offered else {}),
    }


@blueprint.post("/waitlist")
@public
@idempotent
@refuses(
    phone_token.PhoneNotVerified,
    HallUnknown,
    ServiceNotOffered,
    ServicesInDifferentLines,
    waitlist.WaitDaysImpossible,
    waitlist.NumbersAreFree,
    waitlist.AlreadyWaiting,
    waitlist.TooManyWaits,
)
@blueprint.arguments(shapes.WaitSchema())
@blueprint.response(201, WAITING)
def join_waitlist(body: Mapping[str, Any]) -> Response:
    """Wait for the next number that fits; it is offered by SMS and held for twenty minutes.

    登记候补：有号时发短信，并保留二十分钟。
    """
    command = waitlist.JoinWaitlist(
        hall_code=body["hall"],
        service_codes=tuple(body["services"]),
        first_on=body["first_on"],
        last_on=body["last_on"],
        phone=phone_of(body),
        answers=body["answers"],
        language=body.get("language", edge.language()),
    )

    def work(session: Session) -> dict[str, Any]:
        return _shown(session, waitlist.join(session, command, actor=edge.actor(), now=edge.now()))

    return answer_once(work, WAITING)


@blueprint.post("/waitlist/list")
@public
@refuses(phone_token.PhoneNotVerified)
@blueprint.arguments(booking_shapes.PhoneProofSchema())
@blueprint.response(200, shapes.WaitingSchema(many=True))
def list_waits(body: Mapping[str, str]) -> list[dict[str, Any]]:
    """List what a phone waits for; a POST, because the proof of the phone belongs in no address.

    列出手机号正在候补的队伍。
    """
    phone = phone_of(body)
    with edge.transaction() as session:
        return [_shown(session, entry) for entry in waitlist.list_open_waits(session, phone)]


@blueprint.get("/waitlist/<reference:reference>")
@public
@refuses(waitlist.WaitUnknown)
@blueprint.response(200, WAITING)
def read_wait(reference: str) -> dict[str, Any]:
    """See how a wait stands; it names nobody.

    查询候补情况。
    """
    with edge.transaction() as session:
        return _shown(session, waitlist.get_wait(session, reference))


@blueprint.post("/waitlist/<reference:reference>/accept")
@public
@refuses(waitlist.WaitUnknown, waitlist.OfferOver, waitlist.OfferTakenBack)
@blueprint.response(200, shapes.OfferTakenSchema())
def accept_offer(reference: str) -> dict[str, Any]:
    """Go on with the number that is held; doing it twice gives the same hold.

    接受候补的号，凭占号凭证继续预约；重复接受结果相同。
    """
    with edge.transaction() as session:
        entry = waitlist.get_wait(session, reference)
        token = waitlist.accept(session, entry, now=edge.now())
        return {
            "hold_token": token,
            "held_until": entry.offer_until,
            "starts_at": entry.offer_starts_at,
            **place_of_draft(session, entry.draft_id).as_json(),
        }


@blueprint.post("/waitlist/<reference:reference>/leave")
@public
@refuses(waitlist.WaitUnknown)
@blueprint.response(200, WAITING)
def leave_waitlist(reference: str) -> dict[str, Any]:
    """Wait no longer; doing it twice changes nothing. What was offered goes to the next.

    退出候补；重复退出不改变结果，已提供的号给下一位。
    """
    with edge.transaction() as session:
        entry = waitlist.get_wait(session, reference)
        waitlist.leave(session, entry, actor=edge.actor(), now=edge.now())
        return _shown(session, entry)
