"""Special requests: a number outside the line, for a reason that a person has looked at.

asked → approved | refused | withdrawn | expired (its day went by unanswered). Approving takes a number of the
duty reserve (or, where that is used up, of the walk-ins) and books it; what follows is an appointment like
any other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from booking.appeal_steps import check_words
from booking.asked import Asker, asker_of, seal_asker
from booking.book import Book
from booking.book_by_staff import StaffBooking, book_by_staff
from booking.decided import record
from booking.events import SpecialRequestDecided, SpecialRequestExpired
from booking.hall_rules import rules_of
from booking.models import Appointment, SpecialRequest
from booking.policy import BeyondHorizon, InPast
from booking.queries import lock_appointment
from booking.request_days import CHANNELS, NoTimesThatDay, request_days
from booking.visit_offer import VisitOffer, get_visit_offer
from halls.queries import get_hall_by_id
from kernel import outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.db import lock_hashed
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.ids import new_reference
from people.citizens import identity_index, phone_index
from people.identity import check as check_identity

#: An urgent request that waits longer is shown in red.
URGENT_WAITS = timedelta(hours=2)
OTHER_WAITS = timedelta(hours=24)


class RequestState(StrEnum):
    """The value is stored."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RequestKind(StrEnum):
    """The value is stored: green channel (elderly, disabled, pregnant, ill), urgent, anything else."""

    GREEN = "green"
    URGENT = "urgent"
    SPECIAL = "special"


class RequestKindUnknown(Invalid):
    """Not one of the kinds."""

    code = "request_kind_unknown"
    zh = "请选择申请的类别：绿色通道、急事，或其他特殊情况。"
    en = "Please choose the kind of request: green channel, urgent, or another special case."


class OneOpenRequest(Conflict):
    """One open request per person and phone."""

    code = "one_open_request"
    zh = "您已有一份申请正在等待答复。请等答复，或在“我的预约”里撤回后再申请。"
    en = (
        "A request of yours is waiting for its answer. Please wait, or withdraw it under “My bookings” first."
    )


class RequestUnknown(NotFound):
    """No request has this reference here."""

    code = "request_unknown"
    zh = "没有找到这份申请，请从列表中选择。"
    en = "There is no such request. Please choose one from the list."


class RequestIsDecided(Conflict):
    """Somebody has decided it, or it was withdrawn."""

    code = "request_is_decided"
    zh = "这份申请已经处理过或已撤回，请刷新列表。"
    en = "This request was already decided or withdrawn. Please refresh the list."


@dataclass(frozen=True, slots=True)
class AskSpecially:
    """What is asked. `phone` is verified and in E.164."""

    hall_code: str
    service_codes: tuple[str, ...]
    kind: str
    wanted_on: date
    reason: str
    name: str
    identity_kind: str
    identity_number: str
    phone: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    language: str = "zh"


def ask(session: Session, command: AskSpecially, *, actor: Actor, now: datetime) -> SpecialRequest:
    """Ask for a number outside the line.

    Raises:
        HallUnknown, ServiceNotOffered, RequestKindUnknown, WordsMissing, InPast, BeyondHorizon,
        NoTimesThatDay, IdentityKindUnknown, IdentityMalformed, IdentityChecksumWrong,
        IdentityBirthImpossible, OneOpenRequest
    """
    offer = get_visit_offer(session, command.hall_code, command.service_codes, answers=command.answers)
    today = offer.rules.date_of(now)
    reason = check_words(command.reason)
    if command.kind not in set(RequestKind):
        raise RequestKindUnknown
    if command.wanted_on < today:
        raise InPast
    _ensure_day(session, offer, command.wanted_on, now=now)
    identity = check_identity(command.identity_kind, command.identity_number, today=today)
    index = identity_index(identity.kind, identity.number)
    _ensure_no_other(session, index, phone_index(command.phone))
    asker = Asker(str(identity.kind), identity.number, command.phone, command.name)
    asked = SpecialRequest(
        reference=new_reference(),
        hall_id=offer.hall_id,
        group_id=offer.group_ids[0],
        service_ids=list(offer.service_ids),
        answers=dict(command.answers),
        kind=command.kind,
        wanted_on=command.wanted_on,
        person_sealed=seal_asker(asker, SpecialRequest),
        identity_index=index,
        phone_index=phone_index(command.phone),
        reason_sealed=cipher().encrypt(reason, "special_request.reason"),
        language=command.language,
        state=RequestState.ASKED,
        created_at=now,
    )
    session.add(asked)
    record(session, asked, "special_request.ask", (None, RequestState.ASKED), actor=actor, now=now)
    return asked


def _ensure_day(session: Session, offer: VisitOffer, wanted_on: date, *, now: datetime) -> None:
    """A day that can be had: nobody is to wait for an answer about one that nobody can give."""
    days = [day.on_date for day in request_days(session, offer.needs, now=now)]
    if days and wanted_on > days[-1]:
        raise BeyondHorizon(last_on=days[-1].isoformat())
    if wanted_on not in days:
        raise NoTimesThatDay


def _ensure_no_other(session: Session, index: bytes, phone: bytes) -> None:
    """Requests of one person go one after another, so that two at once are not both the first.

    Those of other phones do not count: nobody learns by asking whether a document has one. The duty officer
    sees them all.
    """
    lock_hashed(session, index)
    open_one = select(SpecialRequest.id).where(
        SpecialRequest.identity_index == index,
        SpecialRequest.phone_index == phone,
        SpecialRequest.state == RequestState.ASKED,
    )
    if session.scalar(open_one.limit(1)) is not None:
        raise OneOpenRequest


def withdraw(session: Session, asked: SpecialRequest, *, actor: Actor, now: datetime) -> None:
    """The citizen needs it no more; twice is once. Raises RequestIsDecided, RequestUnknown."""
    _lock(session, asked)
    if asked.state == RequestState.WITHDRAWN:
        return
    _close(asked, RequestState.WITHDRAWN, now=now)
    record(
        session, asked, "special_request.withdraw", (RequestState.ASKED, asked.state), actor=actor, now=now
    )


def approve(
    session: Session, asked: SpecialRequest, *, starts_at: datetime, answer: str, actor: Actor, now: datetime
) -> Appointment:
    """Give a number of the duty reserve at this time, or of the walk-ins where none is left.

    Raises:
        Forbidden, RequestUnknown, RequestIsDecided, SlotUnknown, SlotFull, InPast, AlreadyBookedThatDay
    """
    _ensure_may_decide(asked, actor)
    _lock(session, asked)
    _close(asked, RequestState.APPROVED, now=now)
    asked.decided_by = actor.id
    if answer.strip():
        asked.answer_sealed = cipher().encrypt(check_words(answer), "special_request.answer")
    asker = asker_of(asked)
    booking = StaffBooking(
        hall_id=asked.hall_id,
        group_id=asked.group_id,
        service_ids=tuple(asked.service_ids),
        starts_at=starts_at,
        channels=CHANNELS,
        reason="special_request",
        who=Book(
            token="",
            name=asker.name,
            identity_kind=asker.identity_kind,
            identity_number=asker.identity_number,
            phone=asker.phone,
            language=asked.language,
        ),
        answers=asked.answers,
        despite_standing=True,
    )
    appointment = book_by_staff(session, booking, actor=actor, now=now)
    asked.appointment_id = appointment.id
    record(session, asked, "special_request.approve", (RequestState.ASKED, asked.state), actor=actor, now=now)
    outbox.emit(session, SpecialRequestDecided(asked.id, asked.hall_id), now=now)
    return lock_appointment(session, appointment)


def refuse(session: Session, asked: SpecialRequest, *, answer: str, actor: Actor, now: datetime) -> None:
    """Say no, with an answer that helps on.

    Raises:
        Forbidden, WordsMissing, RequestUnknown, RequestIsDecided
    """
    _ensure_may_decide(asked, actor)
    words = check_words(answer)
    _lock(session, asked)
    _close(asked, RequestState.REFUSED, now=now)
    asked.decided_by = actor.id
    asked.answer_sealed = cipher().encrypt(words, "special_request.answer")
    record(session, asked, "special_request.refuse", (RequestState.ASKED, asked.state), actor=actor, now=now)
    outbox.emit(session, SpecialRequestDecided(asked.id, asked.hall_id), now=now)


def expire_unanswered(session: Session, hall_id: int, *, actor: Actor, now: datetime) -> int:
    """End the requests of a hall whose day went by without an answer, and say so; how many.

    What somebody decides at this moment is left to them. In a hall that is closed for good nobody decides
    any more: there all end, whatever their day.
    """
    hall = get_hall_by_id(session, hall_id)
    over_on = SpecialRequest.wanted_on < rules_of(hall).date_of(now)
    over = (
        select(SpecialRequest)
        .where(
            SpecialRequest.hall_id == hall_id,
            SpecialRequest.state == RequestState.ASKED,
            over_on if hall.active else true(),
        )
        .order_by(SpecialRequest.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    ended = session.scalars(over).all()
    for asked in ended:
        _close(asked, RequestState.EXPIRED, now=now)
        states = (RequestState.ASKED, RequestState.EXPIRED)
        record(session, asked, "special_request.expire", states, actor=actor, now=now)
        outbox.emit(session, SpecialRequestExpired(asked.id, hall_id), now=now)
    return len(ended)


def _lock(session: Session, asked: SpecialRequest) -> None:
    """As it is now; who asked may have wished to be forgotten since it was looked up."""
    session.flush()
    mine = select(SpecialRequest).where(SpecialRequest.id == asked.id)
    fresh = mine.with_for_update().execution_options(populate_existing=True)
    if session.scalar(fresh) is None:
        raise RequestUnknown


def _ensure_may_decide(asked: SpecialRequest, actor: Actor) -> None:
    if not actor.may("request.decide", asked.hall_id):
        raise Forbidden


def _close(asked: SpecialRequest, state: RequestState, *, now: datetime) -> None:
    if asked.state != RequestState.ASKED:
        raise RequestIsDecided
    asked.state, asked.decided_at = state, now


def is_late(asked: SpecialRequest, *, now: datetime) -> bool:
    """Whether it has waited too long for its kind."""
    waits = URGENT_WAITS if asked.kind == RequestKind.URGENT else OTHER_WAITS
    return asked.state == RequestState.ASKED and now - asked.created_at > waits


def get_request(session: Session, reference: str, *, hall_id: int) -> SpecialRequest:
    """The request of this reference in this hall; raises RequestUnknown."""
    return _one(session, reference, SpecialRequest.hall_id == hall_id)


def get_own_request(session: Session, reference: str, *, phone: str) -> SpecialRequest:
    """The request of this reference if this verified phone made it; raises RequestUnknown."""
    return _one(session, reference, SpecialRequest.phone_index == phone_index(phone))


def _one(session: Session, reference: str, condition: Any) -> SpecialRequest:
    found = session.scalar(select(SpecialRequest).where(SpecialRequest.reference == reference, condition))
    if found is None:
        raise RequestUnknown
    return found


def list_requests(
    session: Session, hall_id: int, *, open_only: bool, limit: int = 100
) -> Sequence[SpecialRequest]:
    """Requests of a hall: the open ones oldest first, urgent before the rest; the others newest first."""
    query = select(SpecialRequest).where(SpecialRequest.hall_id == hall_id)
    if open_only:
        urgent_first = (SpecialRequest.kind != RequestKind.URGENT, SpecialRequest.created_at)
        query = query.where(SpecialRequest.state == RequestState.ASKED).order_by(*urgent_first)
    else:
        query = query.where(SpecialRequest.state != RequestState.ASKED)
        query = query.order_by(SpecialRequest.decided_at.desc())
    return session.scalars(query.limit(limit)).all()


def open_by_hall(session: Session, hall_ids: Collection[int]) -> dict[int, list[SpecialRequest]]:
    """Hall id → its open requests, for several halls at once."""
    asked = SpecialRequest.state == RequestState.ASKED
    found: dict[int, list[SpecialRequest]] = {}
    for row in session.scalars(select(SpecialRequest).where(SpecialRequest.hall_id.in_(hall_ids), asked)):
        found.setdefault(row.hall_id, []).append(row)
    return found


def list_own_requests(session: Session, phone: str, *, since: datetime) -> Sequence[SpecialRequest]:
    """What this verified phone asked for, newest first."""
    return session.scalars(
        select(SpecialRequest)
        .where(SpecialRequest.phone_index == phone_index(phone), SpecialRequest.created_at > since)
        .order_by(SpecialRequest.created_at.desc())
    ).all()


def answers_to_requests(session: Session, appointment_ids: Collection[int]) -> set[int]:
    """Those of these appointments that were made for special requests."""
    query = select(SpecialRequest.appointment_id).where(SpecialRequest.appointment_id.in_(appointment_ids))
    return {each for each in session.scalars(query) if each is not None}
