"""Appeals for a document that others used: its owner cannot book, and the phones that missed are not theirs.

Whoever asks is told the same whatever is on record. A duty officer of the hall in which others missed last
reads it; accepted, what other phones missed there counts no more. While that of another hall still suspends,
the appeal goes on to that hall. What others booked stays theirs: nobody sees or ends it by an appeal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
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
from booking.asked import Asker, seal_asker
from booking.decided import record
from booking.events import DocumentAppealDecided
from booking.hall_rules import rules_of
from booking.models import Appointment, DocumentAppeal
from booking.policy import no_show_standing
from booking.standing import missed_with
from booking.states import OPEN
from booking.turns import wait_for_hall
from halls.queries import get_hall, get_hall_by_id
from kernel import outbox
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.errors import Conflict
from kernel.ids import new_reference
from people.citizens import identity_index, phone_index
from people.identity import check as check_identity
from people.models import Citizen


class OneOpenAppeal(Conflict):
    """One open appeal per document and phone; those of other phones do not count."""

    code = "one_open_appeal"
    zh = "您为这份证件提交的申诉正在处理，结果会用短信告诉您。"
    en = "Your appeal for this document is being looked at. The answer comes by SMS."


@dataclass(frozen=True, slots=True)
class AppealForDocument:
    """What is asked. `phone` is verified and in E.164; `hall_code` is where the person wants to book."""

    hall_code: str
    identity_kind: str
    identity_number: str
    phone: str
    reason: str
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is known of the document, for whoever decides; nobody else is told.

    `missed_here` are the starts of what other phones missed in this hall, `missed_elsewhere` how many they
    missed in others, `own` how many the phone that appeals missed, `open_by_others` their open bookings.
    """

    missed_here: Sequence[datetime]
    missed_elsewhere: int
    own: int
    open_by_others: int
    suspended_until: datetime | None


def ask(session: Session, command: AppealForDocument, *, actor: Actor, now: datetime) -> DocumentAppeal:
    """Ask that what others did with a document no longer counts; the edge has seen the phone's code.

    The same statements run whether or not anything is known of the document.

    Raises:
        HallUnknown, WordsMissing, OneOpenAppeal, IdentityKindUnknown, IdentityMalformed,
        IdentityChecksumWrong, IdentityBirthImpossible
    """
    hall = get_hall(session, command.hall_code)
    rules = rules_of(hall)
    words = check_words(command.reason)
    identity = check_identity(command.identity_kind, command.identity_number, today=rules.date_of(now))
    asker = Asker(str(identity.kind), identity.number, command.phone)
    asked = DocumentAppeal(
        reference=new_reference(),
        hall_id=hall.id,
        person_sealed=seal_asker(asker, DocumentAppeal),
        identity_index=identity_index(identity.kind, identity.number),
        phone_index=phone_index(command.phone),
        reason_sealed=cipher().encrypt(words, "document_appeal.reason"),
        language=command.language,
        state=AppealState.ASKED,
        created_at=now,
    )
    last = max(_missed_by_others(session, asked, now=now), key=lambda missed: missed[1], default=None)
    if last is not None:
        asked.hall_id = last[0].hall_id
    try:
        with session.begin_nested():
            session.add(asked)
    except IntegrityError as error:
        raise OneOpenAppeal from error
    states = (None, AppealState.ASKED)
    record(session, asked, "document_appeal.ask", states, actor=actor, now=now)
    return asked


def decide(
    session: Session, asked: DocumentAppeal, *, accepted: bool, answer: str, actor: Actor, now: datetime
) -> None:
    """Accept or refuse, with an answer that the phone reads; the answer goes out by SMS.

    Accepted, it stays open and goes on to another hall while what others missed there still suspends.

    Raises:
        Forbidden, WordsMissing, AppealUnknown, AppealIsDecided
    """
    hall_id = asked.hall_id
    words = check_decision(asked, answer, actor=actor)
    wait_for_hall(session, hall_id)
    lock_to_decide(session, asked)
    excused = _excuse(session, asked, now=now) if accepted else 0
    next_hall = _next_hall(session, asked, now=now) if accepted else None
    if next_hall is not None:
        asked.hall_id = next_hall
        states = (asked.state, asked.state)
        action = "document_appeal.pass_on"
        record(session, asked, action, states, actor=actor, now=now, hall_id=hall_id, missed=excused)
        return
    settle(asked, accepted=accepted, words=words, actor=actor, now=now)
    states = (AppealState.ASKED, asked.state)
    record(session, asked, "document_appeal.decide", states, actor=actor, now=now, missed=excused)
    outbox.emit(session, DocumentAppealDecided(asked.id, asked.hall_id), now=now)


def _missed_by_others(
    session: Session, asked: DocumentAppeal, *, now: datetime, lock: bool = False
) -> Sequence[tuple[Appointment, datetime]]:
    """What other phones missed with this document, by the rules of the hall that decides."""
    policy = rules_of(get_hall_by_id(session, asked.hall_id)).policy
    others = Appointment.phone_index.is_distinct_from(asked.phone_index)
    query = missed_with(asked.identity_index, policy=policy, now=now).where(others)
    if lock:
        here = Appointment.hall_id == asked.hall_id
        query = query.where(here).with_for_update(of=Appointment).execution_options(populate_existing=True)
    return [(row[0], row[1]) for row in session.execute(query)]


def _excuse(session: Session, asked: DocumentAppeal, *, now: datetime) -> int:
    """Leave out what others missed in this hall; how many."""
    rows = _missed_by_others(session, asked, now=now, lock=True)
    for missed, _at in rows:
        missed.excused_at = now
    session.flush()
    return len(rows)


def _next_hall(session: Session, asked: DocumentAppeal, *, now: datetime) -> int | None:
    """Where others missed what still suspends; None: nothing more is to be decided."""
    left = _missed_by_others(session, asked, now=now)
    if not left or on_record(session, asked, now=now).suspended_until is None:
        return None
    return max(left, key=lambda missed: missed[1])[0].hall_id


def on_record(session: Session, asked: DocumentAppeal, *, now: datetime) -> OnRecord:
    """What is known of the document at this moment."""
    policy = rules_of(get_hall_by_id(session, asked.hall_id)).policy
    every = session.execute(missed_with(asked.identity_index, policy=policy, now=now)).all()
    others = [row[0] for row in every if row[0].phone_index != asked.phone_index]
    here = [row.starts_at for row in others if row.hall_id == asked.hall_id]
    open_ones = (
        select(func.count())
        .select_from(Appointment)
        .join(Citizen, Citizen.id == Appointment.citizen_id)
        .where(
            Citizen.identity_index == asked.identity_index,
            Appointment.state.in_(OPEN),
            Appointment.phone_index.is_distinct_from(asked.phone_index),
        )
    )
    standing = no_show_standing([row[1] for row in every], now=now, policy=policy)
    return OnRecord(
        missed_here=sorted(here),
        missed_elsewhere=len(others) - len(here),
        own=len(every) - len(others),
        open_by_others=session.scalar(open_ones) or 0,
        suspended_until=standing.suspended_until,
    )


def list_document_appeals(
    session: Session, hall_id: int, *, open_only: bool, limit: int = 100
) -> Sequence[DocumentAppeal]:
    """Those of a hall: the open ones oldest first, the decided newest first."""
    query = of_hall(select(DocumentAppeal), DocumentAppeal, hall_id, open_only=open_only)
    return session.scalars(query.limit(limit)).all()


def list_own(session: Session, phone: str, *, since: datetime) -> Sequence[DocumentAppeal]:
    """What this verified phone has asked since, the newest first."""
    mine = (DocumentAppeal.phone_index == phone_index(phone), DocumentAppeal.created_at >= since)
    return session.scalars(select(DocumentAppeal).where(*mine).order_by(DocumentAppeal.id.desc())).all()
