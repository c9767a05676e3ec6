"""Ask about a completed visit: one survey for each, whatever happens (handler of VisitCompleted).

By SMS where a phone is known and its owner wants surveys, else by the QR code on ticket and counter.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.slot_places import place_in
from feedback.grades import ANSWERABLE
from feedback.models import Rating, Survey
from halls.models import Hall
from kernel import ids
from kernel.crypto import cipher
from notifications.phones import phone_of_ticket
from notifications.plan import cancel_pending, has_opted_out, plan
from notifications.timing import sendable_at
from queueing.models import Ticket
from queueing.states import TicketState


def ask(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Write the survey of the visit and plan its SMS; a second time changes nothing."""
    ticket = session.get_one(Ticket, event["ticket_id"])
    if ticket.state != TicketState.COMPLETED:
        return  # it was undone before we came to it
    phone = phone_of_ticket(session, ticket)
    index = cipher().blind_index(phone, "phone") if phone else None
    by_sms = index is not None and not has_opted_out(session, index)
    survey = _insert(session, ticket, phone_index=index, channel="sms" if by_sms else "qr", now=now)
    if survey is not None and by_sms and phone is not None:
        _plan_sms(session, survey, phone, language=ticket.language, now=now)


def take_back(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Withdraw the survey of a visit that was not over (handler of CompletionUndone).

    One whose SMS has left, or that was answered, stays: its link must not lead nowhere.
    """
    del now
    query = select(Survey).where(Survey.ticket_id == event["ticket_id"]).with_for_update()
    survey = session.scalars(query).one_or_none()
    if survey is None or session.get_one(Ticket, survey.ticket_id).state == TicketState.COMPLETED:
        return
    withdrawn = cancel_pending(session, ("survey", survey.id), templates=frozenset({"survey"}))
    answered = session.scalars(select(Rating.id).where(Rating.survey_id == survey.id)).first()
    if answered is None and (survey.channel == "qr" or withdrawn):
        session.delete(survey)


def _insert(
    session: Session, ticket: Ticket, *, phone_index: bytes | None, channel: str, now: datetime
) -> Survey | None:
    return session.scalar(
        insert(Survey)
        .values(
            reference=ids.new_reference(),
            ticket_id=ticket.id,
            hall_id=ticket.hall_id,
            group_id=ticket.group_id,
            counter_id=ticket.counter_id,
            staff_id=ticket.staff_id,
            service_ids=ticket.service_ids,
            citizen_id=_citizen_of(session, ticket),
            phone_index=phone_index,
            channel=channel,
            visit_on=ticket.on_date,
            asked_at=now,
            expires_at=now + ANSWERABLE,
        )
        .on_conflict_do_nothing(index_elements=[Survey.ticket_id])
        .returning(Survey)
    )


def _citizen_of(session: Session, ticket: Ticket) -> int | None:
    if ticket.citizen_id is not None or ticket.appointment_id is None:
        return ticket.citizen_id
    return session.scalar(select(Appointment.citizen_id).where(Appointment.id == ticket.appointment_id))


def _place_of(session: Session, survey: Survey) -> dict[str, object]:
    """The village where somebody was served, by its names; nothing for the hall."""
    booked = select(Appointment).join(Ticket, Ticket.appointment_id == Appointment.id)
    visit = session.scalar(booked.where(Ticket.id == survey.ticket_id))
    return {} if visit is None else place_in(visit).as_json()


def _plan_sms(session: Session, survey: Survey, phone: str, *, language: str, now: datetime) -> None:
    zone = ZoneInfo(session.get_one(Hall, survey.hall_id).time_zone)
    place = _place_of(session, survey)
    plan(
        session,
        "survey",
        event_key=f"ticket:{survey.ticket_id}:survey:{survey.id}",
        phone=phone,
        language=language,
        subject=("survey", survey.id),
        hall_id=survey.hall_id,
        facts={"reference": survey.reference, "visit_on": survey.visit_on.isoformat(), **place},
        now=now,
        plan_at=sendable_at("survey", wanted_at=now, tz=zone),
    )
