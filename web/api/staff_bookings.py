"""Staff book for somebody in front of them."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.book import Book
from booking.book_by_staff import StaffBooking, StaffReasonUnknown, book_at_counter
from booking.errors import (
    ServiceNotOffered,
    SlotFull,
    SlotUnknown,
)
from booking.ladder import Channel
from booking.policy import AlreadyBookedThatDay, InPast, SuspendedForNoShows, TooManyOpen
from booking.visit_offer import VisitOffer, get_visit_offer
from halls.queries import HallUnknown, get_hall
from kernel.phone import PhoneMalformed, normalise
from people.names import check_name
from web import edge
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_once
from web.api.person import PERSON_REFUSED
from web.api.schemas import staff_booking as shapes
from web.guards import bearer_only
from web.told_to_staff import refusals_audited

blueprint = Blueprint("staff-bookings", __name__, description="Book at the counter. 窗口代办预约")

BOOKED = shapes.BookedForSomebodySchema()


@blueprint.post("/halls/<code:code>/appointments")
@bearer_only("booking.make")
@idempotent
@refuses(
    HallUnknown,
    ServiceNotOffered,
    SlotUnknown,
    SlotFull,
    InPast,
    StaffReasonUnknown,
    PhoneMalformed,
    *PERSON_REFUSED,
    AlreadyBookedThatDay,
    TooManyOpen,
    SuspendedForNoShows,
)
@blueprint.arguments(shapes.BookForSomebodySchema())
@blueprint.response(201, BOOKED)
def book_for_somebody(body: Mapping[str, Any], code: str) -> Response:
    """Book for somebody at the counter whose document was seen; audited with the reason.

    Duty numbers, and people whom the rules stop, need the permission booking.override and an `exception`.

    窗口为群众代办预约，写入操作记录；使用机动号或破例须有相应权限并说明理由。
    """

    def work(session: Session) -> dict[str, Any]:
        hall = get_hall(session, code)
        actor = edge.require("booking.make", hall.id)
        offer = get_visit_offer(session, hall.code, body["services"], answers={})
        made = book_at_counter(session, _command(offer, body), actor=actor, now=edge.now())
        return {
            "code": made.code,
            "hall": hall.code,
            "group": offer.legs[0].group_code,
            "groups": [leg.group_code for leg in offer.legs],
            "starts_at": made.starts_at,
            "ends_at": made.ends_at,
        }

    with refusals_audited(code, body["identity_kind"], body["identity_number"]):
        return answer_once(work, BOOKED, caller=edge.actor())


def _command(offer: VisitOffer, body: Mapping[str, Any]) -> StaffBooking:
    phone = body.get("phone")
    return StaffBooking(
        hall_id=offer.hall_id,
        group_id=offer.group_ids[0],
        service_ids=offer.service_ids,
        starts_at=body["starts_at"],
        channels=[Channel(each) for each in body.get("channels", ("online", "walk_in"))],
        reason=body["reason"],
        who=Book(
            token="",
            name=check_name(body["name"]),
            identity_kind=body["identity_kind"],
            identity_number=body["identity_number"],
            phone=normalise(phone) if phone else "",
            language=body.get("language", edge.language()),
        ),
        despite_standing=body.get("despite_standing", False),
        exception=body.get("exception", ""),
    )
