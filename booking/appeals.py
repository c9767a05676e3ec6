"""Appeals: a citizen says why a missed appointment should not count, and a person decides.

The appointment stays what it was; accepted, its `excused_at` is set and the standing leaves it out at once.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from booking.decided import record
from booking.errors import AppointmentUnknown
from booking.events import AppealDecided
from booking.hall_rules import HallRules, rules_of
from booking.models import Appeal, Appointment
from booking.policy import counts_as_no_show
from booking.standing import BY_CITIZEN
from booking.states import AppointmentState
from halls.queries import get_hall_by_id
from kernel import outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict, Forbidden, Invalid, NotFound
from kernel.ids import new_reference
from people.citizens import phone_index

LONGEST = 500


class AppealState(StrEnum):
    """The value is stored."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"


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


class AppealUnknown(NotFound):
    """No appeal has this reference in this hall."""

    code = "appeal_unknown"
    zh = "没有找到这份申诉，请从列表中选择。"
    en = "There is no such appeal. Please choose one from the list."


class AppealIsDecided(Conflict):
    """Somebody has decided it already."""

    code = "appeal_is_decided"
    zh = "这份申诉已经有人处理过了，请刷新列表。"
    en = "This appeal has already been decided. Please refresh the list."


class WordsMissing(Invalid):
    """A reason or an answer is needed, in words for the other side."""

    code = "words_missing"
    zh = "请写明理由，2 到 500 字。"
    en = "Please write the reason, 2 to 500 characters."


def check_words(text: str) -> str:
    """A reason or an answer, trimmed; raises WordsMissing."""
    words = text.strip().replace("\0", "")
    if not 2 <= len(words) <= LONGEST:  # noqa: PLR2004 - as the sentence says
        raise WordsMissing
    return words


def can_appeal(appointment: Appointment, *, rules: HallRules, now: datetime) -> bool:
    """Whether it counts as missed, still weighs, and was not excused."""
    policy = rules.policy
    if appointment.excused_at is not None:
        return False
    if appointment.starts_at <= now - policy.no_show_window - policy.suspension:
        return False
    if appointment.state == AppointmentState.NO_SHOW:
        return True
    return (
        appointment.state == AppointmentState.CANCELLED
        and appointment.cancel_reason in BY_CITIZEN
        and appointment.cancelled_at is not None
        and (
            appointment.moved_late_at is not None
            or counts_as_no_show(appointment.starts_at, cancelled_at=appointment.cancelled_at, policy=policy)
        )
    )


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
    if not actor.may("appeal.decide", asked.hall_id):
        raise Forbidden
    words = check_words(answer)
    mine = select(Appeal).where(Appeal.id == asked.id).with_for_update()
    if session.scalar(mine.execution_options(populate_existing=True)) is None:
        raise AppealUnknown  # who appealed wished to be forgotten since
    if asked.state != AppealState.ASKED:
        raise AppealIsDecided
    asked.state = AppealState.ACCEPTED if accepted else AppealState.REFUSED
    asked.decided_at, asked.decided_by = now, actor.id
    asked.answer_sealed = cipher().encrypt(words, "appeal.answer")
    if accepted:
        session.get_one(Appointment, asked.appointment_id).excused_at = now
    record(session, asked, "appeal.decide", (AppealState.ASKED, asked.state), actor=actor, now=now)
    outbox.emit(session, AppealDecided(asked.id, asked.hall_id), now=now)


def get_appeal(session: Session, reference: str, *, hall_id: int) -> Appeal:
    """The appeal of this reference in this hall; raises AppealUnknown."""
    found = session.scalar(select(Appeal).where(Appeal.reference == reference, Appeal.hall_id == hall_id))
    if found is None:
        raise AppealUnknown
    return found


def list_appeals(
    session: Session, hall_id: int, *, open_only: bool, limit: int = 100
) -> Sequence[tuple[Appeal, Appointment]]:
    """Appeals of a hall with what they are about: the open ones oldest first, the decided newest first."""
    query = select(Appeal, Appointment).join(Appointment, Appointment.id == Appeal.appointment_id)
    query = query.where(Appeal.hall_id == hall_id)
    if open_only:
        query = query.where(Appeal.state == AppealState.ASKED).order_by(Appeal.created_at)
    else:
        query = query.where(Appeal.state != AppealState.ASKED).order_by(Appeal.decided_at.desc())
    return [(row[0], row[1]) for row in session.execute(query.limit(limit))]


def count_open(session: Session, hall_ids: Collection[int]) -> dict[int, int]:
    """Hall id → how many appeals wait there, for several halls at once."""
    rows = session.execute(
        select(Appeal.hall_id, func.count())
        .where(Appeal.hall_id.in_(hall_ids), Appeal.state == AppealState.ASKED)
        .group_by(Appeal.hall_id)
    )
    return {row[0]: row[1] for row in rows}


def appeals_about(session: Session, appointment_ids: Collection[int]) -> Mapping[int, Appeal]:
    """Appointment id → its appeal, where there is one."""
    rows = session.scalars(select(Appeal).where(Appeal.appointment_id.in_(appointment_ids)))
    return {row.appointment_id: row for row in rows}


def reason_of(asked: Appeal) -> str:
    """What the citizen wrote."""
    return cipher().decrypt(asked.reason_sealed, "appeal.reason")


def answer_of(asked: Appeal) -> str:
    """What was answered; empty while nothing was."""
    return cipher().decrypt(asked.answer_sealed, "appeal.answer") if asked.answer_sealed else ""
