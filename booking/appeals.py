"""Appeals: a citizen says why a missed appointment should not count, and a person decides.

The appointment stays what it was; accepted, its `excused_at` is set and the standing leaves it out at once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from booking.appeal_steps import (
    AppealState,
    check_decision,
    check_words,
    lock_to_decide,
    of_hall,
    settle,
)
from booking.decided import record
from booking.errors import AppointmentUnknown
from booking.events import AppealDecided
from booking.hall_rules import HallRules, rules_of
from booking.missed import was_missed
from booking.models import Appeal, Appointment
from halls.queries import get_hall_by_id
from kernel import outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict
from kernel.ids import new_reference
from people.citizens import phone_index


class NothingToAppeal(Conflict):
    """The appointment does not count as missed, or not any more."""

    code = "nothing_to_appeal"
    zh = "这个预约没有计为爽约，不需要申诉。"
    en = "This appointment does not count as missed, so there is nothing to appeal."


class AlreadyAppealed(Conflict):
    """One appeal per appointment."""

    code = "already_appealed"
    zh = "这次爽约已经申诉过，结果会用短信告诉您，也可以在“我的预约”里看。"
    en = "An appeal was already made. The answer comes by SMS and stands under “My bookings”."


def can_appeal(appointment: Appointment, *, rules: HallRules, now: datetime) -> bool:
    """Whether it counts as missed, still weighs, and was not excused."""
    policy = rules.policy
    if appointment.excused_at is not None:
        return False
    if appointment.starts_at <= now - policy.no_show_window - policy.suspension:
        return False
    return was_missed(appointment, policy=policy)


def get_own(session: Session, reference: str, *, phone: str) -> Appointment:
    """The appointment of this reference if this verified phone booked it; raises AppointmentUnknown."""
    found = session.scalar(
        select(Appointment).where(
            Appointment.reference == reference, Appointment.phone_index == phone_index(phone)
        )
    )
    if found is None:
        raise AppointmentUnknown
    return found


def appeal(session: Session, appointment: Appointment, *, reason: str, actor: Actor, now: datetime) -> Appeal:
    """Ask that a missed appointment be excused; the edge has seen that the phone is the one that booked.

    Raises:
        WordsMissing, NothingToAppeal, AlreadyAppealed
    """
    words = check_words(reason)
    rules = rules_of(get_hall_by_id(session, appointment.hall_id))
    if not can_appeal(appointment, rules=rules, now=now):
        raise NothingToAppeal
    asked = Appeal(
        reference=new_reference(),
        appointment_id=appointment.id,
        hall_id=appointment.hall_id,
        citizen_id=appointment.citizen_id,
        reason_sealed=cipher().encrypt(words, "appeal.reason"),
        created_at=now,
        state=AppealState.ASKED,
    )
    try:
        with session.begin_nested():
            session.add(asked)
    except IntegrityError as error:
        raise AlreadyAppealed from error
    record(session, asked, "appeal.ask", (None, AppealState.ASKED), actor=actor, now=now)
    return asked


def decide(
    session: Session, asked: Appeal, *, accepted: bool, answer: str, actor: Actor, now: datetime
) -> None:
    """Accept or refuse, with an answer that the citizen reads. The answer goes out by SMS.

    Raises:
        Forbidden, WordsMissing, AppealUnknown, AppealIsDecided
    """
    words = check_decision(asked, answer, actor=actor)
    lock_to_decide(session, asked)
    settle(asked, accepted=accepted, words=words, actor=actor, now=now)
    if accepted:
        session.get_one(Appointment, asked.appointment_id).excused_at = now
    record(session, asked, "appeal.decide", (AppealState.ASKED, asked.state), actor=actor, now=now)
    outbox.emit(session, AppealDecided(asked.id, asked.hall_id), now=now)


def list_appeals(
    session: Session, hall_id: int, *, open_only: bool, limit: int = 100
) -> Sequence[tuple[Appeal, Appointment]]:
    """Appeals of a hall with what they are about: the open ones oldest first, the decided newest first."""
    query = select(Appeal, Appointment).join(Appointment, Appointment.id == Appeal.appointment_id)
    query = of_hall(query, Appeal, hall_id, open_only=open_only)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def appeals_about(session: Session, appointment_ids: Collection[int]) -> Mapping[int, Appeal]:
    """Appointment id → its appeal, where there is one."""
    rows = session.scalars(select(Appeal).where(Appeal.appointment_id.in_(appointment_ids)))
    return {row.appointment_id: row for row in rows}
