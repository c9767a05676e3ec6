"""Book, read, move and cancel appointments. The reference is the key: whoever knows it may do all that."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from booking.book import Book, book
from booking.book_at_once import book_at_once
from booking.cancel import cancel
from booking.delivery import AddressImpossible, CannotBePosted, PostcodeMalformed, check_delivery
from booking.errors import (
    AppointmentUnknown,
    CancellationFinal,
    HoldExpired,
    NumberTakenBack,
    OtherGroup,
)
from booking.policy import (
    AlreadyBookedThatDay,
    CancellationTooLate,
    DocumentNotBookable,
    InPast,
    SuspendedForNoShows,
    TooManyOpen,
)
from booking.queries import get_appointment, person_of
from booking.reschedule import reschedule
from booking.states import AppointmentStateConflict
from booking.undo_cancel import undo_cancel
from kernel.limits import LimitReached
from kernel.phone import PhoneMalformed
from people import phone_token
from people.citizens import identity_index, phone_index
from people.identity import (
    normalise,
)
from people.names import check_name
from people.saved_persons import Profile, SavedPersonUnknown, get_profile
from web import edge
from web.api import present
from web.api.blueprint import Blueprint, idempotent, refuses
from web.api.once import answer_at_once, answer_once, key_of_request
from web.api.person import PERSON_REFUSED, phone_of
from web.api.plain import plain_booking
from web.api.schemas import booking as shapes
from web.bare import bare
from web.guards import public
from web.limits import limit_booking_try

blueprint = Blueprint("appointments", __name__, description="The promise. 预约")

APPOINTMENT = shapes.AppointmentSchema()


@blueprint.post("/appointments")
@bare
@public
@idempotent
@refuses(
    LimitReached,
    phone_token.PhoneNotVerified,
    *PERSON_REFUSED,
    SavedPersonUnknown,
    PhoneMalformed,
    AddressImpossible,
    PostcodeMalformed,
    CannotBePosted,
    HoldExpired,
    InPast,
    AlreadyBookedThatDay,
    TooManyOpen,
    SuspendedForNoShows,
    DocumentNotBookable,
)
@blueprint.arguments(shapes.BookSchema(), plain=plain_booking)
@blueprint.response(201, APPOINTMENT)
def book_appointment(body: Mapping[str, Any]) -> Response:
    """Book what a hold keeps, for a person whose phone is verified.

    为手机号已验证的实名办事人确认预约。
    """
    command, repeatable = _book(body), key_of_request() is not None
    answer = None if repeatable else _book_at_once(command)
    if answer is not None:
        return answer_at_once(answer)

    def work(session: Session) -> dict[str, Any]:
        if repeatable:
            limit_booking_try(session, *_who(command))
        return present.appointment(session, book(session, command, actor=edge.actor(), now=edge.now()))

    return answer_once(work, APPOINTMENT)


def _book_at_once(command: Book) -> dict[str, Any] | None:
    with edge.direct() as direct:
        limit_booking_try(direct, *_who(command))
        booked = book_at_once(direct, command, actor=edge.actor(), now=edge.now())
        return None if booked is None else present.booked(direct, booked)


@blueprint.get("/appointments/<reference:reference>")
@public
@refuses(AppointmentUnknown)
@blueprint.response(200, APPOINTMENT)
def read_appointment(reference: str) -> dict[str, Any]:
    """Read an appointment.

    查询预约。
    """
    with edge.transaction() as session:
        return present.appointment(session, get_appointment(session, reference))


@blueprint.post("/appointments/<reference:reference>/cancel")
@public
@refuses(AppointmentUnknown, AppointmentStateConflict, CancellationTooLate)
@blueprint.response(200, APPOINTMENT)
def cancel_appointment(reference: str) -> dict[str, Any]:
    """Cancel an appointment; doing it twice changes nothing. `undo_until` says how long it can be taken back.

    取消预约；重复取消不改变结果。undo_until 之前可以撤销取消。
    """
    with edge.transaction() as session:
        found = get_appointment(session, reference)
        cancel(session, found, reason="citizen", actor=edge.actor(), now=edge.now(), may_undo=True)
        return present.appointment(session, found)


@blueprint.post("/appointments/<reference:reference>/undo-cancel")
@public
@refuses(
    LimitReached,
    AppointmentUnknown,
    AppointmentStateConflict,
    CancellationFinal,
    NumberTakenBack,
    AlreadyBookedThatDay,
    TooManyOpen,
    DocumentNotBookable,
)
@blueprint.response(200, APPOINTMENT)
def undo_cancellation(reference: str) -> dict[str, Any]:
    """Take a cancellation back until `undo_until`: the same booking and numbers; twice changes nothing.

    在 undo_until 之前撤销取消：预约和号照旧；重复撤销不改变结果。
    """
    with edge.transaction() as session:
        found = get_appointment(session, reference)
        limit_booking_try(session, person_of(session, found), found.phone_index)
        undo_cancel(session, found, actor=edge.actor(), now=edge.now())
        return present.appointment(session, found)


@blueprint.post("/appointments/<reference:reference>/reschedule")
@public
@refuses(
    LimitReached,
    AppointmentUnknown,
    AppointmentStateConflict,
    OtherGroup,
    HoldExpired,
    InPast,
    AlreadyBookedThatDay,
    DocumentNotBookable,
)
@blueprint.arguments(shapes.RescheduleSchema())
@blueprint.response(200, APPOINTMENT)
def reschedule_appointment(body: Mapping[str, str], reference: str) -> dict[str, Any]:
    """Move an appointment to a held time; the old one is kept until the new one is bound.

    改期到已占的时段；新号确定之前，原号一直保留。
    """
    with edge.transaction() as session:
        found = get_appointment(session, reference)
        limit_booking_try(session, person_of(session, found), found.phone_index)
        reschedule(session, found, token=body["hold_token"], actor=edge.actor(), now=edge.now())
        return present.appointment(session, found)


def _book(body: Mapping[str, Any]) -> Book:
    phone = phone_of(body)
    who = _profile(body, phone)
    return Book(
        token=body["hold_token"],
        name=who.name,
        identity_kind=who.identity_kind,
        identity_number=who.identity_number,
        phone=phone,
        language=body.get("language", edge.language()),
        delivery=check_delivery(**body["delivery"]) if "delivery" in body else None,
    )


def _profile(body: Mapping[str, Any], phone: str) -> Profile:
    if "saved_person" not in body:
        return Profile(check_name(body["name"]), body["identity_kind"], body["identity_number"])
    with edge.transaction() as session:
        return get_profile(session, phone, body["saved_person"], now=edge.now())


def _who(command: Book) -> tuple[bytes, bytes]:
    """The keyed hashes of the document as typed and of the phone: tries count before anything is checked."""
    number = normalise(command.identity_kind, command.identity_number)
    return identity_index(command.identity_kind, number), phone_index(command.phone)
