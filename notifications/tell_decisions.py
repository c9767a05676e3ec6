"""What people are told when somebody of the hall has decided about what they asked for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.document_appeals import claim_of
from booking.models import Appeal, Appointment, DocumentAppeal, SpecialRequest
from booking.queries import phone_of
from booking.special_requests import RequestState, person_of
from notifications.plan import plan

Facts = Mapping[str, Any]


def appeal_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Say that the answer is there; its words stay on the page that asks for the phone."""
    asked = session.get_one(Appeal, event["appeal_id"])
    appointment = session.get_one(Appointment, asked.appointment_id)
    phone = phone_of(appointment)
    if phone is None:
        return
    plan(
        session,
        "appeal_decided",
        event_key=f"appeal:{asked.id}:decided",
        phone=phone,
        language=appointment.language,
        subject=("appeal", asked.id),
        hall_id=asked.hall_id,
        now=now,
    )


def document_appeal_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Say to the phone that appealed that the answer is there, if it has not been forgotten since."""
    asked = session.get(DocumentAppeal, event["appeal_id"])
    if asked is None:
        return
    plan(
        session,
        "document_appeal_decided",
        event_key=f"document_appeal:{asked.id}:decided",
        phone=claim_of(asked).phone,
        language=asked.language,
        subject=("document_appeal", asked.id),
        hall_id=asked.hall_id,
        now=now,
    )


def special_request_expired(session: Session, event: Facts, *, now: datetime) -> None:
    """Say that nobody answered in time, and where to ask again."""
    asked = session.get_one(SpecialRequest, event["request_id"])
    plan(
        session,
        "special_request_expired",
        event_key=f"special_request:{asked.id}:expired",
        phone=person_of(asked).phone,
        language=asked.language,
        subject=("special_request", asked.id),
        hall_id=asked.hall_id,
        now=now,
    )


def special_request_decided(session: Session, event: Facts, *, now: datetime) -> None:
    """Tell the time that was given, or where the answer is."""
    asked = session.get_one(SpecialRequest, event["request_id"])
    approved = asked.state == RequestState.APPROVED and asked.appointment_id is not None
    plan(
        session,
        "special_request_approved" if approved else "special_request_refused",
        event_key=f"special_request:{asked.id}:decided",
        phone=person_of(asked).phone,
        language=asked.language,
        subject=("appointment", asked.appointment_id or 0) if approved else ("special_request", asked.id),
        hall_id=asked.hall_id,
        facts={"kind": asked.kind} if approved else None,
        now=now,
    )
