"""Finding appointments."""

from datetime import date

from sqlalchemy.orm import Session

from booking.models import Appointment


def get_appointment(session: Session, reference: str) -> Appointment:
    """The appointment of this public reference; raises AppointmentUnknown."""
    raise NotImplementedError


def get_appointment_by_id(session: Session, appointment_id: int) -> Appointment:
    """The appointment of this id; raises AppointmentUnknown."""
    raise NotImplementedError


def find_by_code(session: Session, hall_id: int, on_date: date, code: str) -> Appointment | None:
    """The hall's appointment of that day with this six-digit code, in any state."""
    raise NotImplementedError


def find_today_by_identity(session: Session, hall_id: int, on_date: date, number: str) -> list[Appointment]:
    """The open appointments of that day of whoever shows a document with this number, earliest first.

    `number` is as typed or read: the kind of document need not be known.
    """
    raise NotImplementedError


def list_of_phone(session: Session, phone: str, *, since_on: date) -> list[Appointment]:
    """Appointments booked with this phone (E.164) on or after a date, in order of time."""
    raise NotImplementedError


def phone_of(appointment: Appointment) -> str:
    """The phone in E.164 that messages about this appointment go to."""
    raise NotImplementedError
