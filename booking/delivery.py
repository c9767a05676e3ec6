"""Where the result of a visit is posted to, if its owner wants it and every service of the visit can be sent.

The address is encrypted with the appointment. Until check-in its owner may change it; the officer sees it at
the counter.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import lock_appointment
from booking.states import AppointmentState
from catalog.queries import services_of
from kernel import audit
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict, Invalid
from kernel.phone import normalise
from people.names import check_name

_PURPOSE = "appointment.delivery"
_SHORTEST, _LONGEST = 5, 120
_POSTCODE = 6


class AddressImpossible(Invalid):
    """Too short to be found by a postman, or too long for a label."""

    code = "address_impossible"
    zh = "请填写完整的收件地址（5 到 120 个字），写到门牌号。"
    en = "Please give the whole address, 5 to 120 characters, down to the door."


class PostcodeMalformed(Invalid):
    """Six digits, or nothing."""

    code = "postcode_malformed"
    zh = "邮政编码是 6 位数字，不知道可以不填。"
    en = "A postcode has six digits. Leave it empty if you do not know it."


class CannotBePosted(Invalid):
    """One of the services ends with something that must be fetched."""

    code = "cannot_be_posted"
    zh = "所选事项的结果不能邮寄，请到窗口领取。"
    en = "The result of this visit cannot be posted. Please fetch it at the counter."


class DeliverySettled(Conflict):
    """Who has checked in tells the officer; what is over cannot change."""

    code = "delivery_settled"
    zh = "签到以后请直接告诉窗口人员怎么领取。"
    en = "After check-in please tell the officer how you want to get the result."


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who gets it, and where. `phone` is E.164; `postcode` may be empty."""

    receiver: str
    phone: str
    address: str
    postcode: str = ""


def check_delivery(receiver: str, phone: str, address: str, postcode: str = "") -> Delivery:
    """What was typed, in its stored form.

    Raises:
        NameMissing, NameImpossible, PhoneMalformed, AddressImpossible, PostcodeMalformed
    """
    where, code = check_address(address), check_postcode(postcode)
    return Delivery(check_name(receiver), normalise(phone), where, code)


def check_address(typed: str) -> str:
    """The address with single spaces; raises AddressImpossible."""
    where = " ".join(typed[: 4 * _LONGEST].split())
    if not _SHORTEST <= len(where) <= _LONGEST or not where.isprintable():
        raise AddressImpossible
    return where


def check_postcode(typed: str) -> str:
    """The postcode, or nothing; raises PostcodeMalformed."""
    code = typed.strip()
    if code and not (len(code) == _POSTCODE and code.isascii() and code.isdecimal()):
        raise PostcodeMalformed
    return code


def can_be_posted(session: Session, service_ids: Sequence[int]) -> bool:
    """Whether the results of all these services can be sent home."""
    services = services_of(session, service_ids)
    return bool(services) and all(service.by_post for service in services)


def ensure_can_be_posted(session: Session, service_ids: Sequence[int]) -> None:
    """Raise CannotBePosted unless all these services can be sent home."""
    if not can_be_posted(session, service_ids):
        raise CannotBePosted


def sealed(delivery: Delivery | None) -> bytes | None:
    """The stored form; None for who fetches it."""
    if delivery is None:
        return None
    return cipher().encrypt(json.dumps(asdict(delivery), ensure_ascii=False), _PURPOSE)


def delivery_of(appointment: Appointment) -> Delivery | None:
    """Where the result goes; None when it is fetched at the counter."""
    if appointment.delivery_sealed is None:
        return None
    return Delivery(**json.loads(cipher().decrypt(appointment.delivery_sealed, _PURPOSE)))


def set_delivery(
    session: Session, appointment: Appointment, delivery: Delivery | None, *, actor: Actor, now: datetime
) -> None:
    """Have it sent there, or fetched after all (None).

    Raises:
        DeliverySettled, CannotBePosted
    """
    lock_appointment(session, appointment)
    if appointment.state != AppointmentState.BOOKED:
        raise DeliverySettled
    if delivery is not None:
        ensure_can_be_posted(session, appointment.service_ids)
    appointment.delivery_sealed = sealed(delivery)
    audit.record(
        session,
        "appointment.delivery",
        actor=actor,
        now=now,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        by_post=delivery is not None,
    )
