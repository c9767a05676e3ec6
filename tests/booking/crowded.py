"""A hall with many bookings, written at once: appointments with their numbers, as `book` leaves them."""

from datetime import date
from itertools import count

from sqlalchemy import select

from booking.models import Appointment, Number, Slot
from kernel import audit
from kernel.actor import SYSTEM
from kernel.crypto import cipher
from tests.build import make_citizen

_codes = count(100_000)


def book_all(session, hall, on: date, *, most=10_000, now, citizens=None, group=None):
    """Book every online number of a day, each for a citizen of its own; the appointments in order."""
    of_group = [Number.group_id == group.id] if group else []
    numbers = session.scalars(
        select(Number)
        .where(*of_group, Number.hall_id == hall.id, Number.on_date == on, Number.channel == "online")
        .order_by(Number.starts_at, Number.ordinal)
        .limit(most)
    ).all()
    slots = {slot.id: slot for slot in session.scalars(select(Slot).where(Slot.on_date == on))}
    sealed = cipher().encrypt("+8613800138000", "appointment.phone")
    made = []
    for nth, number in enumerate(numbers):
        citizen = citizens[nth] if citizens else make_citizen(session)
        slot = slots[number.slot_id]
        code = str(next(_codes))
        made.append(
            Appointment(
                reference=f"ref{code}", code=code, citizen_id=citizen.id, hall_id=hall.id,
                group_id=number.group_id, slot_id=slot.id, on_date=on, starts_at=slot.starts_at,
                ends_at=slot.ends_at, service_ids=[], booked_at=now, phone_sealed=sealed,
                phone_index=b"0" * 16, place_zh=slot.place_zh, place_en=slot.place_en,
            )
        )  # fmt: skip
    session.add_all(made)
    session.flush()
    for number, appointment in zip(numbers, made, strict=True):
        number.appointment_id = appointment.id
        audit.record(
            session, "appointment.book", actor=SYSTEM, now=now, subject=("appointment", appointment.id),
            hall_id=hall.id, states=(None, "booked"),
        )  # fmt: skip
    session.flush()
    return made
