"""What people are told when something happened: each handler plans messages and does nothing else.

Handlers run once per event, in one transaction with the mark that they ran. Planning is idempotent too,
so even a repeated event tells nobody twice.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import phone_of
from booking.rehouse import HALL_CLOSED
from booking.special_requests import answers_to_requests
from booking.undo_cancel import may_be_undone
from halls.models import Hall
from notifications.phones import phone_of_ticket
from notifications.plan import cancel_pending, find_sent, plan, plan_rows, redirect_pending, row_of
from notifications.timing import reminders_for
from people.models import PhoneCode
from people.phone_codes import phone_of_code
from queueing.models import Ticket
from queueing.queries import find_ticket_of_appointment
from queueing.serve import VOIDED

Facts = Mapping[str, Any]

REMINDERS = frozenset({"reminder_eve", "reminder_2h"})
# An officer takes a mistake back within seconds: its owner need not hear of it.
_SURE_AFTER = timedelta(minutes=1)


def phone_code(session: Session, event: Facts, *, now: datetime) -> None:
    """Send a one-time code."""
    code = session.get_one(PhoneCode, event["code_id"])
    plan(
        session,
        "phone_code",
        event_key=f"phone_code:{code.id}",
        phone=phone_of_code(code),
        language=event["language"],
        subject=("phone_code", code.id),
        hall_id=None,
        now=now,
    )


def booked(session: Session, event: Facts, *, now: datetime) -> None:
    """Confirm a booking and plan its reminders."""
    all_booked(session, [event], now=now)


def all_booked(session: Session, events: Sequence[Facts], *, now: datetime) -> None:
    """The same for many bookings, in as few statements as for one: a morning brings hundreds."""
    ids = [event["appointment_id"] for event in events]
    found = session.scalars(select(Appointment).where(Appointment.id.in_(ids)).order_by(Appointment.id)).all()
    answers = answers_to_requests(session, ids)
    rows = []
    for appointment in found:
        if appointment.id not in answers:  # which tells the same, and why
            rows += _about(appointment, "booked", f"appointment:{appointment.id}:booked", now=now)
        rows += _reminders(session, appointment, now=now)
    plan_rows(session, rows)


def rescheduled(session: Session, event: Facts, *, now: datetime) -> None:
    """Tell the new time. Reminders of the old one find the slot changed when they are due."""
    appointment = session.get_one(Appointment, event["appointment_id"])
    cancel_pending(session, ("appointment", appointment.id), templates=frozenset({"rescheduled", "moved"}))
    key = f"appointment:{appointment.id}:rescheduled:{event['event_id']}"
    template = "moved" if event.get("by_hall") else "rescheduled"
    _plan_about(session, appointment, template, key, now=now, facts=_closure(event))
    _plan_reminders(session, appointment, now=now)


def corrected(session: Session, event: Facts, *, now: datetime) -> None:
    """Tell a corrected phone what the other one was told; what is still to be sent goes there as well.

    Name and service are read when a message is sent.
    """
    appointment = session.get_one(Appointment, event["appointment_id"])
    phone = phone_of(appointment)
    if "phone" not in event["fields"] or phone is None:
        return
    redirect_pending(session, ("appointment", appointment.id), phone=phone)
    if appointment.state == "booked":
        _plan_about(session, appointment, "booked", f"appointment:{appointment.id}:booked", now=now)
        _plan_reminders(session, appointment, now=now)
    ticket = find_ticket_of_appointment(session, appointment.id)
    if ticket is not None:
        redirect_pending(session, ("ticket", ticket.id), phone=phone)


def cancelled(session: Session, event: Facts, *, now: datetime) -> None:
    """Confirm a cancellation and withdraw what was still to be sent."""
    appointment = session.get_one(Appointment, event["appointment_id"])
    if appointment.state != "cancelled":
        return  # it was taken back before we came to it
    subject = ("appointment", appointment.id)
    cancel_pending(session, subject, templates=REMINDERS | {"booked", "rescheduled", "moved"})
    template = "closed" if event["reason"] == HALL_CLOSED else "cancelled"
    key, later = f"appointment:{appointment.id}:cancelled", None
    if event["reason"] == VOIDED:
        key, later = f"{key}:{event['event_id']}", now + _SURE_AFTER
    _plan_about(session, appointment, template, key, now=now, plan_at=later, facts=_closure(event))


def partly_done(session: Session, event: Facts, *, now: datetime) -> None:
    """Say what was handled, what was not, and how to book it."""
    appointment = session.get_one(Appointment, event["appointment_id"])
    if appointment.undone_service_ids:
        key = f"appointment:{appointment.id}:partly_done:{event['event_id']}"
        _plan_about(session, appointment, "partly_done", key, now=now, plan_at=now + _SURE_AFTER)


def reopened(session: Session, event: Facts, *, now: datetime) -> None:
    """It had not ended after all: what was to be said about its end is not sent, what was said put right."""
    about, ends = ("appointment", event["appointment_id"]), frozenset({"cancelled", "partly_done"})
    cancel_pending(session, about, templates=ends)
    wrong = find_sent(session, about, templates=ends)
    if wrong is not None:
        appointment = session.get_one(Appointment, event["appointment_id"])
        _plan_about(session, appointment, "reopened", f"message:{wrong}:undone", now=now)


def _closure(event: Facts) -> Facts | None:
    """Why the hall did it; a closure's words are read when the message is written."""
    return {name: event[name] for name in ("closure_id", "reason_zh", "reason_en") if event.get(name)} or None


def called(session: Session, event: Facts, *, now: datetime) -> None:
    """Call by phone too: the hall may be loud, or its owner outside."""
    key = f"ticket:{event['ticket_id']}:called:{event['call_id']}"
    plan_for_ticket(session, session.get_one(Ticket, event["ticket_id"]), "called", key, now=now)


def next_leg(session: Session, event: Facts, *, now: datetime) -> None:
    """Say where the visit goes on."""
    # By the event: a step that was taken back and done again is told again.
    key = f"ticket:{event['ticket_id']}:next_leg:{event['event_id']}"
    plan_for_ticket(session, session.get_one(Ticket, event["ticket_id"]), "next_leg", key, now=now)


def missed(session: Session, event: Facts, *, now: datetime) -> None:
    """Say how to come back into line."""
    key = f"ticket:{event['ticket_id']}:missed:{event['event_id']}"
    plan_for_ticket(session, session.get_one(Ticket, event["ticket_id"]), "missed", key, now=now)


def _plan_about(
    session: Session,
    appointment: Appointment,
    template: str,
    event_key: str,
    *,
    now: datetime,
    plan_at: datetime | None = None,
    facts: Facts | None = None,
) -> None:
    plan_rows(session, _about(appointment, template, event_key, now=now, plan_at=plan_at, facts=facts))


def _about(
    appointment: Appointment,
    template: str,
    event_key: str,
    *,
    now: datetime,
    plan_at: datetime | None = None,
    expires_in: timedelta | None = None,
    facts: Facts | None = None,
) -> list[dict[str, Any]]:
    """The message, none where its owner has asked us to forget them."""
    phone = phone_of(appointment)
    if phone is None:
        return []
    row = row_of(
        template,
        event_key=event_key,
        phone=phone,
        language=appointment.language,
        subject=("appointment", appointment.id),
        hall_id=appointment.hall_id,
        now=now,
        plan_at=plan_at,
        expires_in=expires_in,
        facts=facts,
    )
    return [row]


def _plan_reminders(session: Session, appointment: Appointment, *, now: datetime) -> None:
    plan_rows(session, _reminders(session, appointment, now=now))


def _reminders(session: Session, appointment: Appointment, *, now: datetime) -> list[dict[str, Any]]:
    """The key is the slot: in whatever order events are handled, each slot has its reminders once.

    Of a booking that was cancelled and may come back, too: whether it has is asked when they are sent.
    """
    if appointment.state != "booked" and not may_be_undone(session, appointment):
        return []
    tz = ZoneInfo(session.get_one(Hall, appointment.hall_id).time_zone)
    rows = []
    for each in reminders_for(appointment.starts_at, booked_at=now, tz=tz):
        key = f"appointment:{appointment.id}:remind:{appointment.starts_at.astimezone(UTC):%Y%m%dT%H%MZ}"
        rows += _about(
            appointment,
            each.template,
            key,
            now=now,
            plan_at=each.send_at,
            expires_in=each.expires_at - each.send_at,
            facts={"starts_at": appointment.starts_at.astimezone(UTC).isoformat()},
        )
    return rows


def plan_for_ticket(
    session: Session,
    ticket: Ticket,
    template: str,
    event_key: str,
    *,
    now: datetime,
    facts: Facts | None = None,
) -> None:
    """Plan a message to who holds the ticket, if they have given a phone."""
    phone = phone_of_ticket(session, ticket)
    if phone is None:
        return
    plan(
        session,
        template,
        event_key=event_key,
        phone=phone,
        language=ticket.language,
        subject=("ticket", ticket.id),
        hall_id=ticket.hall_id,
        facts=facts,
        now=now,
    )
