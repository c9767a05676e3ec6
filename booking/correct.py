"""Corrections at the counter: a slip in name, document, phone or service, with a reason, in the audit.

The audit says what kind of thing was corrected and why; never what it was or became.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from booking.book_by_staff import needed_for
from booking.delivery import can_be_posted
from booking.errors import ServicesInDifferentLines
from booking.events import AppointmentCorrected
from booking.hall_rules import rules_of
from booking.models import Appointment, Number
from booking.offers import Offer, get_offer
from booking.policy import AlreadyBookedThatDay
from booking.queries import groups_of, lock_appointment, name_on, phone_of
from booking.standing import lock_person, one_a_day, others_that_day
from booking.states import OPEN
from booking.turns import wait_for_hall
from catalog.queries import services_of
from halls.queries import get_hall_by_id
from kernel import audit, outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict, Forbidden, Invalid
from people.citizens import find_or_create, identity_index, name_of, number_of, phone_index
from people.identity import check as check_identity
from people.models import Citizen

REASONS = ("typing_slip", "document_renewed", "phone_changed", "wrong_service")


class CorrectionReasonUnknown(Invalid):
    """A reason is needed, one of the list."""

    code = "correction_reason_unknown"
    zh = "请选择更正的理由。"
    en = "Please choose why it is corrected."


class NothingToCorrect(Invalid):
    """Everything is as it was."""

    code = "nothing_to_correct"
    zh = "没有改动任何内容，请填写要更正的项目。"
    en = "Nothing was changed. Please fill in what is to be corrected."


class NeedsAnotherTime(Invalid):
    """The other service takes more numbers, or belongs to another line."""

    code = "needs_another_time"
    zh = "这个事项用时更长或由别的窗口组办理，不能直接更正。请为群众改期，或重新预约。"
    en = "That service takes longer or belongs to another line. Please move the appointment, or book anew."


class CorrectionTooLate(Conflict):
    """The appointment has ended."""

    code = "correction_too_late"
    zh = "这个预约已经结束，不能再更正。"
    en = "This appointment has ended and cannot be corrected any more."


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be corrected; what is empty stays. `phone` in E.164."""

    reason: str
    name: str = ""
    identity_kind: str = ""
    identity_number: str = ""
    phone: str = ""
    service_code: str = ""


def correct(
    session: Session, appointment: Appointment, command: Correction, *, actor: Actor, now: datetime
) -> list[str]:
    """Correct an open appointment; the kinds of things that changed.

    Messages and the ticket follow by the event. Where the new service ends with something that must be
    fetched, the address for the post is dropped (`delivery`).

    Raises:
        Forbidden, CorrectionReasonUnknown, NothingToCorrect, NeedsAnotherTime, CorrectionTooLate,
        AlreadyBookedThatDay, IdentityMalformed and its like, ServiceNotOffered
    """
    if not actor.may("booking.correct", appointment.hall_id):
        raise Forbidden
    if command.reason not in REASONS:
        raise CorrectionReasonUnknown
    wait_for_hall(session, appointment.hall_id)
    lock_appointment(session, appointment)
    if appointment.state not in OPEN:
        raise CorrectionTooLate
    changed = _person(session, appointment, command, now=now)
    if command.service_code and _service(session, appointment, command.service_code):
        changed.extend(["service", *_drop_delivery(session, appointment)])
    if not changed:
        raise NothingToCorrect
    _tell(session, appointment, command.reason, changed, actor=actor, now=now)
    return changed


def _tell(
    session: Session,
    appointment: Appointment,
    reason: str,
    changed: list[str],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    audit.record(
        session,
        "appointment.correct",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        reason=reason,
        fields=changed,
    )
    facts = (appointment.id, appointment.hall_id, appointment.group_id)
    outbox.emit(session, AppointmentCorrected(*facts, tuple(changed)), now=now)


def _person(session: Session, appointment: Appointment, command: Correction, *, now: datetime) -> list[str]:
    """What is corrected is compared with the booking: others may have booked for the same document since."""
    was = name_on(session, appointment)
    given = bool(command.identity_number) and _document(session, appointment, command, now=now)
    owner = session.get_one(Citizen, appointment.citizen_id)
    changed = [*_name(appointment, owner, command.name, was), *_phone(appointment, owner, command.phone)]
    return [*changed, "document"] if given else changed


def _document(session: Session, appointment: Appointment, command: Correction, *, now: datetime) -> bool:
    """Give the booking, with its own name and phone, to the owner of the right document."""
    before = session.get_one(Citizen, appointment.citizen_id)
    today = rules_of(get_hall_by_id(session, appointment.hall_id)).date_of(now)
    identity = check_identity(command.identity_kind, command.identity_number, today=today)
    if (str(identity.kind), identity.number) == (before.identity_kind, number_of(before)):
        return False
    lock_person(session, identity_index(identity.kind, identity.number))
    name, phone = command.name or name_on(session, appointment), phone_of(appointment)
    owner = find_or_create(session, identity, name=name, phone=phone, language=appointment.language, now=now)
    _give_to(session, appointment, owner)
    return True


def _name(appointment: Appointment, owner: Citizen, name: str, was: str) -> list[str]:
    if not name or name == was == name_of(owner):
        return []
    owner.name_sealed = cipher().encrypt(name, "citizen.name")
    appointment.name_sealed = cipher().encrypt(name, "appointment.name")
    return ["name"]


def _phone(appointment: Appointment, owner: Citizen, phone: str) -> list[str]:
    if not phone or phone == phone_of(appointment):
        return []
    index = phone_index(phone)
    owner.phone_sealed, owner.phone_index = cipher().encrypt(phone, "citizen.phone"), index
    appointment.phone_sealed, appointment.phone_index = cipher().encrypt(phone, "appointment.phone"), index
    return ["phone"]


def _give_to(session: Session, appointment: Appointment, owner: Citizen) -> None:
    """The document was another's: so is the appointment, unless they have one of these lines that day."""
    with one_a_day(seen=True), session.begin_nested():
        appointment.citizen_id = owner.id
        session.flush()
        groups, on_date = groups_of(appointment), appointment.on_date
        if others_that_day(session, appointment, group_ids=groups, on_date=on_date):
            raise AlreadyBookedThatDay


def _service(session: Session, appointment: Appointment, code: str) -> bool:
    hall = get_hall_by_id(session, appointment.hall_id)
    try:
        offer = get_offer(session, hall.code, [code], answers={})
    except ServicesInDifferentLines as error:
        raise NeedsAnotherTime from error
    if appointment.legs:
        return _service_of_leg(session, appointment, offer)
    if list(offer.service_ids) == appointment.service_ids:
        return False
    held = session.query(Number).filter(Number.appointment_id == appointment.id).count()
    needed = needed_for(session, appointment.group_id, offer.service_ids, {})
    if offer.group_id != appointment.group_id or needed > held:
        raise NeedsAnotherTime
    appointment.service_ids, appointment.answers = list(offer.service_ids), {}
    return True


def _service_of_leg(session: Session, appointment: Appointment, offer: Offer) -> bool:
    """In a visit of several lines the service takes the place of what was to be done in its line."""
    leg = next((each for each in appointment.legs if each["group_id"] == offer.group_id), None)
    if leg is None or offer.needed > leg["needed"]:
        raise NeedsAnotherTime
    before, after = leg["service_ids"], list(offer.service_ids)
    if before == after:
        return False
    appointment.legs = [each | {"service_ids": after} if each is leg else each for each in appointment.legs]
    at = appointment.service_ids.index(before[0])
    kept = [each for each in appointment.service_ids if each not in before]
    appointment.service_ids = [*kept[:at], *after, *kept[at:]]
    codes = {service.code for service in services_of(session, kept)}
    appointment.answers = {
        question: option
        for question, option in appointment.answers.items()
        if question.split(".")[0] in codes
    }
    return True


def _drop_delivery(session: Session, appointment: Appointment) -> list[str]:
    if appointment.delivery_sealed is None or can_be_posted(session, appointment.service_ids):
        return []
    appointment.delivery_sealed = None
    return ["delivery"]
