"""What people are told when somebody of the hall has decided about what they asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.asked import asker_of
from booking.models import Appeal, Appointment, DocumentAppeal, SpecialRequest
from booking.queries import phone_of
from booking.special_requests import RequestState
from notifications.plan import plan

Facts = Mapping[str, Any]


def appeal_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Say that the answer is there; its words stay on the page that asks for the phone."""
    asked = session.get_one(Appeal, event["appeal_id"])
    appointment = session.get_one(Appointment, asked.appointment_id)
    phone = phone_of(appointment)
    if phone is None:
        return
    _tell(session, "appeal_decided", asked, phone, appointment.language, now=now)


def document_appeal_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Say to the phone that appealed that the answer is there, if it has not been forgotten since."""
    asked = session.get(DocumentAppeal, event["appeal_id"])
    if asked is None:
        return
    _tell(session, "document_appeal_decided", asked, asker_of(asked).phone, asked.language, now=now)


def special_request_expired(session: Session, event: Facts, *, now: datetime) -> None:
    """Say that nobody answered in time, and where to ask again."""
    asked = session.get_one(SpecialRequest, event["request_id"])
    phone = asker_of(asked).phone
    _tell(session, "special_request_expired", asked, phone, asked.language, now=now, step="expired")


def special_request_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Tell the time that was given, or where the answer is."""
    asked = session.get_one(SpecialRequest, event["request_id"])
    approved = asked.state == RequestState.APPROVED and asked.appointment_id is not None
    phone = asker_of(asked).phone
    if not approved:
        _tell(session, "special_request_refused", asked, phone, asked.language, now=now)
        return
    _tell(
        session,
        "special_request_approved",
        asked,
        phone,
        asked.language,
        now=now,
        about=("appointment", asked.appointment_id or 0),
        facts={"kind": asked.kind},
    )


def _tell(
    session: Session,
    kind: str,
    asked: Appeal | DocumentAppeal | SpecialRequest,
    phone: str,
    language: str,
    *,
    now: datetime,
    step: str = "decided",
    about: tuple[str, int] | None = None,
    facts: Facts | None = None,
) -> None:
    """Plan the message of a step, once; it is about what was asked, or about what that has become."""
    plan(
        session,
        kind,
        event_key=f"{asked.__tablename__}:{asked.id}:{step}",
        phone=phone,
        language=language,
        subject=about or (asked.__tablename__, asked.id),
        hall_id=asked.hall_id,
        facts=facts,
        now=now,
    )
